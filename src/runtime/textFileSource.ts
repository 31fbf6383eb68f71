// The source of readTextFile: its share of the splits, one after the other. With `watch` it never ends: the path is listed again every
// second and files that have not been there before are read, each once and as it is when it is found (so move files in, whole); what is
// appended to a file later is not read. Its position is the splits that are left, the current one from its next line on; and while watching the
// files that were found, of which each subtask keeps its own, so that all of them together are right at any parallelism.
import { cannotRead, listFiles, ownerOf, splitsOf } from './fileSplits.ts';
import { type FileSplit, LineReader } from './lineReader.ts';
import type { SourceSpec } from './operatorSpec.ts';
import type { SourceReader, SourceState } from './sources.ts';
import type { Collect, TaskContext } from './taskContext.ts';

const WATCH_INTERVAL_MS = 1_000;

interface Position {
  readonly splits: readonly FileSplit[];
  readonly seen: readonly string[];
}

export class TextFileSource implements SourceReader {
  state: SourceState = 'waiting';
  readonly #spec: Extract<SourceSpec, { type: 'textFileSource' }>;
  readonly #operator: string;
  readonly #context: TaskContext;
  readonly #collect: Collect;
  #splits: FileSplit[] = [];
  #reader: LineReader | null = null;
  /** The split that the reader is, or will be, of. */
  #current: FileSplit | null = null;
  #restored = false;
  #busy = false;
  #closed = false;
  #listAgainMs = 0;
  /** Names of this subtask's files found so far, before a change of parallelism of any subtask's; only kept while watching. */
  readonly #seen = new Set<string>();

  constructor(
    spec: Extract<SourceSpec, { type: 'textFileSource' }>,
    operator: string,
    context: TaskContext,
    collect: Collect,
  ) {
    this.#spec = spec;
    this.#operator = operator;
    this.#context = context;
    this.#collect = collect;
  }

  async open(): Promise<void> {
    if (!this.#restored || this.#spec.watch) await this.#list();
    this.state = 'ready';
  }

  position(): Position {
    const current = this.#current;
    const rest = current === null ? [] : [{ ...current, start: this.#reader?.offset ?? current.start }];
    return { splits: [...rest, ...this.#splits], seen: [...this.#seen] };
  }

  restore(positions: readonly unknown[], own: boolean): void {
    const { subtask, parallelism } = this.#context;
    const all = positions as readonly Position[];
    const splits = all.flatMap((position) => position.splits);
    this.#splits = own ? splits : splits.filter((_, index) => index % parallelism === subtask);
    for (const { seen } of all) for (const name of seen) this.#seen.add(name);
    this.#restored = true;
  }

  read(max: number): number {
    const { pressure } = this.#context;
    const collect = this.#collect;
    let read = 0;
    this.state = 'ready';
    while (read < max && pressure.blocked === 0) {
      if (this.#reader === null) {
        if (!this.#nextSplit()) return read;
        continue;
      }
      const line = this.#reader.next();
      if (line !== null) {
        read++;
        collect(line);
      } else if (this.#reader.ended) {
        const finished = this.#reader;
        this.#reader = null;
        this.#current = null;
        this.#run(() => finished.close());
        this.state = 'waiting';
        return read;
      } else {
        this.state = 'waiting';
        return read;
      }
    }
    return read;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const reader = this.#reader;
    this.#reader = null;
    this.#current = null;
    await reader?.close();
  }

  /** Starts on the next split. False: nothing to read now. */
  #nextSplit(): boolean {
    if (this.#busy) {
      this.state = 'waiting';
      return false;
    }
    const split = this.#splits.shift();
    if (split !== undefined) {
      this.#current = split;
      this.state = 'waiting';
      this.#run(() => this.#openSplit(split));
      return false;
    }
    if (!this.#spec.watch) {
      this.state = 'ended';
      return false;
    }
    const now = this.#context.now();
    if (now < this.#listAgainMs) {
      this.state = 'waiting';
      this.#context.wakeAt(this.#listAgainMs);
      return false;
    }
    this.state = 'waiting';
    this.#run(() => this.#list());
    return false;
  }

  async #openSplit(split: FileSplit): Promise<void> {
    try {
      const reader = await LineReader.open(split, (error) => {
        if (error === null || this.#closed) this.#ready();
        else this.#context.fail(cannotRead(this.#operator, split.path, error));
      });
      if (this.#closed) await reader.close();
      else this.#reader = reader;
    } catch (error) {
      // A watched file may be gone before its turn comes.
      if (this.#spec.watch && (error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.#current = null;
        return;
      }
      throw cannotRead(this.#operator, split.path, error);
    }
  }

  async #list(): Promise<void> {
    const { subtask, parallelism } = this.#context;
    const { path, watch } = this.#spec;
    const files = await listFiles(this.#operator, path);
    this.#listAgainMs = this.#context.now() + WATCH_INTERVAL_MS;
    if (!watch) {
      this.#splits = splitsOf(files, subtask, parallelism);
      return;
    }
    for (const file of files) {
      if (this.#seen.has(file.name)) continue;
      if (ownerOf(file, parallelism) !== subtask) continue;
      this.#seen.add(file.name);
      this.#splits.push({ path: file.path, start: 0, end: Number.MAX_SAFE_INTEGER });
    }
  }

  #run(action: () => Promise<void>): void {
    this.#busy = true;
    action().then(
      () => {
        this.#busy = false;
        this.#ready();
      },
      (error: unknown) => this.#context.fail(error),
    );
  }

  #ready(): void {
    if (this.#closed) return;
    this.state = 'ready';
    this.#context.wake();
  }
}
