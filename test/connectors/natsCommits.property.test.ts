// Exactly once into NATS, whatever happens when: writers and committers of a job that checkpoints, loses processes at any point of a commit, changes its
// parallelism, and whose lost processes wake later and commit what they had begun. On a real server, against the one rule: each record that was
// read is in the stream once.
import { randomBytes } from 'node:crypto';
import type { Committer, SinkWriter } from 'sluice';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import type { NatsCommittable } from '../../src/connectors/nats/commits.ts';
import { NatsSink } from '../../src/connectors/nats/index.ts';
import type { WriterState } from '../../src/connectors/nats/preparingWriter.ts';
import { natsForTests } from '../nats/server.ts';
import { Streams } from '../nats/streams.ts';
import { sinkContext } from './probe.ts';

const url = await natsForTests();
const seed = Number(process.env.SEED ?? randomBytes(3).readUIntBE(0, 3));
const JOBS = 4;
const STEPS = 45;
const MAX_PARALLELISM = 3;

interface Subtask {
  readonly writer: SinkWriter<string, NatsCommittable, WriterState>;
  readonly committer: Committer<NatsCommittable>;
  /** Prepared, and not known to be committed: as a task keeps them. */
  prepared: NatsCommittable[];
}

interface Stored {
  readonly read: number;
  readonly subtasks: readonly { readonly state: WriterState; readonly prepared: readonly NatsCommittable[] }[];
}

/** One job: what a cluster would do with its sink, step by step. */
class Job {
  readonly #sink: NatsSink;
  readonly #chance: () => number;
  #subtasks: Subtask[] = [];
  #read = 0;
  #complete: Stored | null = null;
  /** Of processes that were given up: what they had still to commit. */
  readonly #zombies: { readonly committer: Committer<NatsCommittable>; readonly due: readonly NatsCommittable[] }[] =
    [];

  constructor(stream: string, chance: () => number) {
    this.#chance = chance;
    this.#sink = new NatsSink({
      servers: url!,
      ...{ stream, subject: `${stream}.out`, commitSubject: `${stream}.commits` },
      deliveryGuarantee: 'exactly-once',
    });
  }

  get read(): number {
    return this.#read;
  }

  #upTo(bound: number): number {
    return Math.floor(this.#chance() * bound);
  }

  /** From the last complete checkpoint, or from nothing. */
  async start(): Promise<void> {
    const stored = this.#complete;
    const same = stored !== null && this.#chance() < 0.6;
    const parallelism = same ? stored.subtasks.length : 1 + this.#upTo(MAX_PARALLELISM);
    const own = stored?.subtasks.length === parallelism;
    this.#read = stored?.read ?? 0;
    this.#subtasks = Array.from({ length: parallelism }, (_, subtask) => {
      const context = sinkContext(subtask, parallelism);
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
        if (prepared.length > 0) await committer.commit(structuredClone(prepared));
        await writer.open?.(states);
      }),
    );
  }

  async write(): Promise<void> {
    const count = this.#chance() < 0.1 ? 1_200 : this.#upTo(20);
    for (let n = 0; n < count; n++)
      await this.#subtasks[this.#upTo(this.#subtasks.length)]!.writer.write(String(this.#read++), { timestamp: null });
  }

  /** `completes`: else it was aborted, and the next one covers it. */
  async checkpoint(completes: boolean): Promise<void> {
    const subtasks = [];
    for (const subtask of this.#subtasks) {
      await subtask.writer.flush(false);
      subtask.prepared.push(...((await subtask.writer.prepareCommit?.()) ?? []));
      subtasks.push({ state: (await subtask.writer.snapshotState?.(1))!, prepared: [...subtask.prepared] });
    }
    if (completes) this.#complete = structuredClone({ read: this.#read, subtasks });
  }

  /** What is due is committed by some; `crash`: the process is given up in the middle of it. */
  async commit(crash: boolean): Promise<void> {
    const complete = new Set(
      (this.#complete?.subtasks ?? [])
        .flatMap(({ prepared }) => prepared)
        .map(({ mark, run, number }) => `${mark} ${run} ${number}`),
    );
    await Promise.all(
      this.#subtasks.map(async (subtask) => {
        const due = subtask.prepared.filter(({ mark, run, number }) => complete.has(`${mark} ${run} ${number}`));
        const done = crash ? due.slice(0, this.#upTo(due.length + 1)) : due;
        if (done.length > 0) await subtask.committer.commit(done);
        if (crash) this.#zombies.push({ committer: subtask.committer, due });
        else subtask.prepared = subtask.prepared.filter((one) => !due.includes(one));
      }),
    );
    if (crash) await this.start();
  }

  /** One of those that were given up goes on, while the others do whatever they do. */
  wake(): Promise<void> {
    const [zombie] = this.#zombies.splice(this.#upTo(this.#zombies.length), 1);
    // Its failure hurts nobody.
    return zombie === undefined || zombie.due.length === 0
      ? Promise.resolve()
      : zombie.committer.commit(zombie.due).catch(() => {});
  }

  async run(): Promise<void> {
    await this.start();
    for (let step = 0; step < STEPS; step++) {
      const chance = this.#chance();
      const zombie = this.#chance() < 0.3 ? this.wake() : Promise.resolve();
      if (chance < 0.4) await this.write();
      else if (chance < 0.6) await this.checkpoint(this.#chance() < 0.7);
      else await this.commit(chance > 0.8);
      await zombie;
    }
    await this.checkpoint(true);
    await this.commit(false);
    while (this.#zombies.length > 0) await this.wake();
  }

  async close(): Promise<void> {
    for (const { committer } of [...this.#zombies, ...this.#subtasks]) await committer.close();
  }
}

describe.skipIf(!url)(`commits into NATS (SEED=${seed})`, () => {
  let streams: Streams;
  beforeAll(async () => {
    streams = await Streams.at(url!);
  });
  afterAll(() => streams?.close());

  it.each(Array.from({ length: JOBS }, (_, job) => job))(
    'are exactly once, job %i',
    { timeout: 120_000 },
    async (number) => {
      // With and without rolled up marks.
      const stream = await streams.create({ allow_rollup_hdrs: number % 2 === 0 });
      const job = new Job(stream, seededRandom(seed + number));
      await job.run();
      const stored = (await streams.stored(stream, 'out')).map(({ text }) => Number(text)).sort((a, b) => a - b);
      expect(stored).toEqual(Array.from({ length: job.read }, (_, index) => index));
      await job.close();
    },
  );
});
