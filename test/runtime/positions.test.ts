// Positions of files in a task's state: a source reads on from its next line, a sink cuts off what came behind the barrier and writes on, each at
// the same parallelism and at another.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileOutput } from '../../src/runtime/fileOutput.ts';
import { ElementKey } from '../../src/runtime/keyHandles.ts';
import { ProcessingTimers } from '../../src/runtime/processingTimers.ts';
import { ElementTime } from '../../src/runtime/streamTime.ts';
import type { TaskContext } from '../../src/runtime/taskContext.ts';
import { TextFileSource } from '../../src/runtime/textFileSource.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-positions-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** `woken` resolves when the part wakes its task the next time. */
function contextOf(subtask: number, parallelism: number): TaskContext & { woken(): Promise<void> } {
  let waiting: PromiseWithResolversLike = deferred();
  return {
    jobId: '0'.repeat(32),
    vertex: 0,
    subtask,
    attempt: 0,
    parallelism,
    maxParallelism: 128,
    pressure: { blocked: 0 },
    time: new ElementTime(),
    key: new ElementKey(),
    timers: new ProcessingTimers(() => {}),
    suspend() {},
    exchangeFlusher: { add() {} },
    sinkFlusher: { add() {} },
    now: () => performance.now(),
    wake: () => waiting.resolve(),
    wakeAt() {},
    fail: (error) => waiting.reject(error),
    countOut() {},
    async woken() {
      await waiting.promise;
      waiting = deferred();
    },
  };
}

interface PromiseWithResolversLike {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function deferred(): PromiseWithResolversLike {
  let resolve = (): void => {};
  let reject = (_: unknown): void => {};
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve, reject };
}

describe('TextFileSource', () => {
  /** Reads up to `limit` lines from the positions, or from the start. */
  async function read(
    source: string,
    [subtask, parallelism]: readonly [number, number],
    positions: readonly unknown[] | null,
    own: boolean,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<{ lines: string[]; position: unknown }> {
    const context = contextOf(subtask, parallelism);
    const lines: string[] = [];
    const reader = new TextFileSource({ type: 'textFileSource', path: source, watch: false }, 'Text', context, (line) =>
      lines.push(line as string),
    );
    if (positions !== null) reader.restore(positions, own);
    await reader.open();
    while (reader.state !== 'ended' && lines.length < limit) {
      reader.read(Math.min(7, limit - lines.length));
      if (reader.state === 'waiting') await context.woken();
    }
    const position = structuredClone(reader.position());
    await reader.close();
    return { lines, position };
  }

  it('gives each line once, wherever it was stopped and whoever reads on', async () => {
    const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[\r\n]/g, 'ä'));
    const files = fc.array(fc.array(line, { maxLength: 20 }), { minLength: 1, maxLength: 4 });
    const parallelism = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(files, parallelism, parallelism, fc.nat(30), async (contents, before, after, limit) => {
        const root = fs.mkdtempSync(path.join(folder, 'input-'));
        contents.forEach((lines, index) => {
          fs.writeFileSync(path.join(root, `f${index}`), lines.map((text) => `${text}\n`).join(''));
        });
        const input = contents.length === 1 ? path.join(root, 'f0') : root;
        const read1 = await Promise.all(range(before).map((s) => read(input, [s, before], null, true, limit)));
        const positions = read1.map(({ position }) => position);
        const rest = await Promise.all(
          range(after).map((s) =>
            before === after
              ? read(input, [s, after], [positions[s]], true)
              : read(input, [s, after], positions, false),
          ),
        );
        expect([...read1, ...rest].flatMap(({ lines }) => lines).sort()).toEqual(contents.flat().sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe('FileOutput', () => {
  async function write(
    [subtask, parallelism]: readonly [number, number],
    positions: readonly unknown[] | null,
    lines: readonly string[],
    behind: readonly string[] = [],
  ): Promise<unknown> {
    const output = new FileOutput('Sink', path.join(folder, 'out'), contextOf(subtask, parallelism));
    if (positions !== null) output.restore(positions);
    await output.open();
    await output.write(lines);
    const position = await output.position();
    if (behind.length > 0) await output.write(behind);
    await output.close();
    return position;
  }

  const content = (name: string) => fs.readFileSync(path.join(folder, name), 'utf8');

  it('cuts off what a lost attempt wrote behind the barrier, and writes on', async () => {
    const position = await write([0, 1], null, ['a', 'ä'], ['lost']);
    expect(content('out')).toBe('a\nä\nlost\n');
    await write([0, 1], [position], ['b']);
    expect(content('out')).toBe('a\nä\nb\n');
  });

  it('keeps every file through changes of parallelism, also those that nobody writes any more', async () => {
    const four = await Promise.all(range(4).map((s) => write([s, 4], null, [`four ${s}`])));
    const three = await Promise.all(range(3).map((s) => write([s, 3], four, [`three ${s}`])));
    const one = await write([0, 1], three, ['one']);
    await Promise.all(range(4).map((s) => write([s, 4], [one], [`again ${s}`])));
    expect(range(4).map((s) => content(`out/${s + 1}`))).toEqual([
      'four 0\nthree 0\none\nagain 0\n',
      'four 1\nthree 1\nagain 1\n',
      'four 2\nthree 2\nagain 2\n',
      'four 3\nagain 3\n',
    ]);
  });

  it('goes from one file to several beside it', async () => {
    const one = await write([0, 1], null, ['one']);
    await Promise.all(range(2).map((s) => write([s, 2], [one], [`two ${s}`])));
    expect([content('out'), content('out.2')]).toEqual(['one\ntwo 0\n', 'two 1\n']);
  });

  it('is not harmed by an attempt that was given up and writes on', async () => {
    for (const restored of [false, true]) {
      const first = new FileOutput('Sink', path.join(folder, 'out'), contextOf(0, 1));
      await first.open();
      await first.write(['kept']);
      const position = await first.position();
      await first.write(['lost']);
      const second = new FileOutput('Sink', path.join(folder, 'out'), contextOf(0, 1));
      if (restored) second.restore([position]);
      await second.open();
      await second.write(['b']);
      // The first one wakes up: it cannot know yet, but what it writes is not seen, and it cannot ack.
      await expect(first.write(['stale', 'stale too'])).rejects.toMatchObject({ code: 'IO_FAILED' });
      await expect(first.position()).rejects.toMatchObject({ code: 'IO_FAILED' });
      await second.write(['c']);
      await second.position();
      expect(content('out')).toBe(restored ? 'kept\nb\nc\n' : 'b\nc\n');
      expect(fs.readdirSync(folder)).toEqual(['out']);
      await Promise.all([first.close(), second.close()]);
    }
  });

  it('writes through a link, and to what is no file', async () => {
    fs.symlinkSync(path.join(folder, 'target'), path.join(folder, 'out'));
    const position = await write([0, 1], null, ['a'], ['lost']);
    await write([0, 1], [position], ['b']);
    expect(content('target')).toBe('a\nb\n');
    expect(fs.lstatSync(path.join(folder, 'out')).isSymbolicLink()).toBe(true);
    const device = new FileOutput('Sink', '/dev/null', contextOf(0, 1));
    await device.open();
    await device.write(['gone']);
    await device.position();
    await device.close();
    expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('refuses a file that is shorter than its checkpoint knows', async () => {
    const position = await write([0, 1], null, ['a', 'b']);
    fs.truncateSync(path.join(folder, 'out'), 1);
    await expect(write([0, 1], [position], ['c'])).rejects.toMatchObject({ code: 'IO_FAILED' });
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
