// A source and a two-phase sink of one's own: numbers from splits, and files that appear under their name only when they are committed. The first
// commit of each writer fails, and so does the first that comes after a file was moved: what is committed twice must not matter.
import fs from 'node:fs';
import path from 'node:path';
import {
  type Committer,
  type Sink,
  type SinkContext,
  type SinkWriter,
  type Source,
  type SourceReader,
  type SourceReaderContext,
  StreamExecutionEnvironment,
  WatermarkStrategy,
} from 'sluice';
import { held } from './held.ts';

const SPLITS = 5;

interface Split {
  readonly id: number;
  next: number;
}

class Numbers implements Source<number, Split[]> {
  readonly boundedness = 'BOUNDED';
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  createReader(context: SourceReaderContext): SourceReader<number, Split[]> {
    const count = this.#count;
    let splits: Split[] = [];
    return {
      start(restored) {
        const all = restored?.flat() ?? Array.from({ length: SPLITS }, (_, id) => ({ id, next: id }));
        splits = all.filter(({ id }) => context.owns(`split-${id}`));
      },
      pollNext(output, maxRecords) {
        for (let read = 0; read < maxRecords; read++) {
          const split = splits.find(({ next }) => next < count);
          if (split === undefined) return 'END_OF_INPUT';
          output.forSplit(String(split.id)).collect(split.next, split.next);
          split.next += SPLITS;
        }
        return 'MORE_AVAILABLE';
      },
      isAvailable: async () => {},
      snapshotState: () => splits.map((split) => ({ ...split })),
      close() {},
    };
  }
}

class Files implements Sink<string, string> {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  createWriter({ indexOfThisSubtask, attemptNumber }: SinkContext): SinkWriter<string, string> {
    let lines: string[] = [];
    let files = 0;
    return {
      write(line) {
        lines.push(line);
        return lines.length % 100 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
      },
      flush() {},
      prepareCommit: () => {
        if (lines.length === 0) return [];
        const name = `part-${indexOfThisSubtask}-${attemptNumber}-${files++}`;
        fs.writeFileSync(path.join(this.#folder, `.${name}`), lines.map((line) => `${line}\n`).join(''));
        lines = [];
        return [name];
      },
      close() {},
    };
  }

  createCommitter(): Committer<string> {
    let failures = 0;
    const fail = (): void => {
      if (failures++ < 2) throw new Error('the disk is away');
    };
    return {
      commit: async (names) => {
        fail();
        for (const name of names) {
          const from = path.join(this.#folder, `.${name}`);
          if (fs.existsSync(from)) fs.renameSync(from, path.join(this.#folder, name));
        }
        fail();
      },
      close() {},
    };
  }
}

export default async function main([count, recordsPerSecond, folder]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().enableCheckpointing(100);
  env
    .fromSource(
      held(new Numbers(Number(count)), Number(recordsPerSecond), folder!),
      WatermarkStrategy.forMonotonousTimestamps(),
      'Numbers',
    )
    .map((n) => String(n))
    .rebalance()
    .map((text) => text)
    .sinkTo(new Files(folder!));
  await env.execute('two phases');
}
