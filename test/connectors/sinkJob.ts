// One job that ends in a two-phase sink, step by step as a cluster would have it, by chance: it reads, checkpoints, loses processes at any point of a commit,
// restores at another parallelism, and has its lost processes wake later and commit what they had begun. What it promises: each number below
// `read` is committed, and what is committed besides is the sink's fault.
import type { Committer, Sink, SinkWriter } from 'sluice';
import type { Random } from '../../src/adapters/simulated/random.ts';
import { sinkContext } from './probe.ts';

const MAX_PARALLELISM = 3;

interface Prepared<C> {
  readonly id: number;
  readonly committable: C;
}

interface Subtask<C, S> {
  readonly writer: SinkWriter<string, C, S>;
  readonly committer: Committer<C>;
  /** Not known to be committed: as a task keeps them. */
  prepared: Prepared<C>[];
}

interface Stored<C, S> {
  readonly read: number;
  readonly subtasks: readonly { readonly state: S | undefined; readonly prepared: readonly Prepared<C>[] }[];
}

export class SinkJob<C, S> {
  readonly #sink: Sink<string, C, S>;
  readonly #chance: Random;
  #subtasks: Subtask<C, S>[] = [];
  #read = 0;
  #attempt = 0;
  #ids = 0;
  #complete: Stored<C, S> | null = null;
  /** Of processes that were given up: what they had still to commit. */
  readonly #zombies: (Pick<Subtask<C, S>, 'writer' | 'committer'> & { readonly due: readonly C[] })[] = [];

  constructor(sink: Sink<string, C, S>, chance: Random) {
    this.#sink = sink;
    this.#chance = chance;
  }

  get read(): number {
    return this.#read;
  }

  async run(steps: number): Promise<void> {
    await this.#start();
    for (let step = 0; step < steps; step++) {
      const chance = this.#chance();
      const zombie = this.#chance() < 0.3 ? this.#wake() : Promise.resolve();
      if (chance < 0.4) await this.#write();
      else if (chance < 0.6) await this.#checkpoint(this.#chance() < 0.7, false);
      else await this.#commit(chance > 0.8);
      await zombie;
    }
    await this.#checkpoint(true, true);
    await this.#commit(false);
    while (this.#zombies.length > 0) await this.#wake();
  }

  async close(): Promise<void> {
    for (const { writer, committer } of [...this.#zombies, ...this.#subtasks]) {
      await writer.close();
      await committer.close();
    }
  }

  #upTo(bound: number): number {
    return Math.floor(this.#chance() * bound);
  }

  /** From the last complete checkpoint, or from nothing. */
  async #start(): Promise<void> {
    const stored = this.#complete;
    const same = stored !== null && this.#chance() < 0.6;
    const parallelism = same ? stored.subtasks.length : 1 + this.#upTo(MAX_PARALLELISM);
    const own = stored?.subtasks.length === parallelism;
    const attempt = this.#attempt++;
    this.#read = stored?.read ?? 0;
    this.#subtasks = Array.from({ length: parallelism }, (_, subtask) => {
      const context = sinkContext(subtask, parallelism, attempt);
      return {
        writer: this.#sink.createWriter(context),
        committer: this.#sink.createCommitter!(context),
        prepared: [],
      };
    });
    const mine = <T>(all: readonly T[], subtask: number): T[] =>
      all.filter((_, index) => index % parallelism === subtask);
    // As WriterSink does it: first what was prepared, then the writer.
    await Promise.all(
      this.#subtasks.map(async ({ writer, committer }, subtask) => {
        const of = stored?.subtasks ?? [];
        const prepared = own
          ? of[subtask]!.prepared
          : mine(
              of.flatMap((one) => one.prepared),
              subtask,
            );
        const states = own
          ? [of[subtask]!.state]
          : mine(
              of.map(({ state }) => state),
              subtask,
            );
        if (prepared.length > 0)
          await committer.commit(structuredClone(prepared.map(({ committable }) => committable)));
        await writer.open?.(structuredClone(states.filter((state) => state !== undefined)));
      }),
    );
  }

  async #write(): Promise<void> {
    const count = this.#chance() < 0.1 ? 1_200 : this.#upTo(20);
    for (let n = 0; n < count; n++)
      await this.#subtasks[this.#upTo(this.#subtasks.length)]!.writer.write(String(this.#read++), { timestamp: null });
  }

  /** `completes`: else it was aborted, and the next one covers it. */
  async #checkpoint(completes: boolean, endOfInput: boolean): Promise<void> {
    const subtasks: Stored<C, S>['subtasks'][number][] = [];
    for (const subtask of this.#subtasks) {
      await subtask.writer.flush(endOfInput);
      const prepared = (await subtask.writer.prepareCommit?.()) ?? [];
      subtask.prepared.push(...prepared.map((committable) => ({ id: this.#ids++, committable })));
      subtasks.push({ state: await subtask.writer.snapshotState?.(1), prepared: [...subtask.prepared] });
    }
    if (completes) this.#complete = structuredClone({ read: this.#read, subtasks });
  }

  /** What is due is committed; `crash`: the process is given up in the middle of it. */
  async #commit(crash: boolean): Promise<void> {
    const complete = new Set((this.#complete?.subtasks ?? []).flatMap(({ prepared }) => prepared.map(({ id }) => id)));
    await Promise.all(
      this.#subtasks.map(async (subtask) => {
        const { writer, committer } = subtask;
        const due = subtask.prepared.filter(({ id }) => complete.has(id));
        const done = crash ? due.slice(0, this.#upTo(due.length + 1)) : due;
        if (done.length > 0) await committer.commit(done.map(({ committable }) => committable));
        if (!crash) subtask.prepared = subtask.prepared.filter((one) => !due.includes(one));
        else if (this.#chance() < 0.5)
          this.#zombies.push({ writer, committer, due: due.map(({ committable }) => committable) });
        else {
          // It was told to end.
          await writer.close();
          await committer.close();
        }
      }),
    );
    if (crash) await this.#start();
  }

  /** One of those that were given up goes on, while the others do whatever they do. */
  async #wake(): Promise<void> {
    const [zombie] = this.#zombies.splice(this.#upTo(this.#zombies.length), 1);
    if (zombie === undefined) return;
    await zombie.writer.write('zombie', { timestamp: null });
    // Its failure hurts nobody.
    if (zombie.due.length > 0) await zombie.committer.commit(zombie.due).catch(() => {});
    await zombie.writer.flush(false);
    await zombie.writer.close();
    await zombie.committer.close();
  }
}
