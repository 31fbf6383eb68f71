// Unaligned checkpoints of one task, whatever the order in which batches, barriers, credit and time come: what it had taken, what was in flight on
// both of its sides and what its producers send again make up each record once, in the order of its channel.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import type { RestorePoint } from '../../src/core/schema.gen.ts';
import type { Barrier } from '../../src/runtime/barrier.ts';
import type { StoredState } from '../../src/runtime/checkpointReports.ts';
import { ConsumerRoutes } from '../../src/runtime/consumerRoutes.ts';
import { ExchangeWriter } from '../../src/runtime/exchangeWriter.ts';
import { InputGate } from '../../src/runtime/inputGate.ts';
import { TaskBarriers } from '../../src/runtime/taskBarriers.ts';
import { TaskCheckpoints } from '../../src/runtime/taskCheckpoints.ts';
import type { TaskContext } from '../../src/runtime/taskContext.ts';
import { createFeed } from '../../src/runtime/taskFeed.ts';
import { barrierOf } from './barriers.ts';
import { standingContext } from './standingContext.ts';

const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000_000);
const RUNS = 400;
const JOB = '0'.repeat(32);
const PRODUCERS = 3;
const CONSUMERS = 2;
const BATCHES = 12;
/** Barriers overtake from then on. */
const TIMEOUT_MS = 1_000;
const NEVER_MS = 1_000_000;
/** Stops after one record until it is unblocked, as an output that is full does. */
const STUMBLES = 5;

interface Item {
  readonly producer: number;
  readonly n: number;
  taken: boolean;
}

/** A task between producers and consumers that do only what a step says. */
class Stage {
  readonly gate: InputGate;
  readonly checkpoints: TaskCheckpoints;
  readonly writer: ExchangeWriter;
  readonly barriers: TaskBarriers;
  readonly acks: StoredState[] = [];
  readonly declined: string[] = [];
  /** What each consumer got, and whether the barrier had come. */
  readonly got: Item[][] = [[], []];
  readonly beforeBarrier: (number | null)[] = [null, null];
  readonly #context: TaskContext;
  readonly #feed: ReturnType<typeof createFeed>;
  readonly #unsent: (Item[] | 'barrier')[][];
  readonly #credit = new Array<number>(PRODUCERS).fill(8);
  count = 0;
  stumbled = false;

  constructor(storage: MemoryStorage, parallelism = 1) {
    this.#context = standingContext({ vertex: 1, parallelism });
    this.#unsent = Array.from({ length: PRODUCERS }, () => []);
    const producerAttempts = new Array<number>(PRODUCERS).fill(0);
    const spec = {
      port: 0,
      strategy: 'HASH',
      source: 0,
      sourceName: 'source',
      serializer: null,
      producerAttempts,
    } as const;
    this.gate = new InputGate('task', 0, [spec], () => {}, false);
    this.writer = new ExchangeWriter(
      {
        consumer: 2,
        input: 0,
        strategy: 'REBALANCE',
        key: null,
        partition: null,
        eventTime: false,
        serializer: null,
        operator: 'task',
        consumerName: 'sink',
        consumerParallelism: CONSUMERS,
        consumerMaxParallelism: 128,
        consumerAttempts: [0, 0],
        placeOf: () => 'tm',
      },
      // So that a consumer's window is the smallest.
      { ...this.#context, parallelism: 1_000, pressure: this.#context.pressure },
    );
    const { collect } = this.writer.input();
    this.#feed = createFeed(
      {
        source: null,
        gate: this.gate,
        recordsPerSecond: undefined,
        chain: {
          operators: [],
          inputs: [
            {
              collect: (value) => {
                const item = value as Item;
                expect(item.taken).toBe(false);
                // Operators may change what they are given: a checkpoint must not see it.
                item.taken = true;
                this.count++;
                collect({ ...item, taken: false });
                if (this.count % STUMBLES === 0) {
                  this.stumbled = true;
                  this.#context.pressure.blocked++;
                }
              },
              watermark() {},
              status() {},
            },
          ],
        },
      },
      this.#context,
      (barrier) => this.barriers.inTurn(barrier, false),
    );
    this.checkpoints = new TaskCheckpoints(this.#context, ['op'], storage, {
      acked: (_, stored) => this.acks.push(stored),
      declined: (_, reason) => this.declined.push(reason),
      damaged: (_, handle) => this.declined.push(handle),
    });
    this.checkpoints.keep({
      kind: 'value',
      uid: 'op',
      operator: 'op',
      snapshot: () => this.count,
      restore: ([count]) => {
        this.count = count as number;
      },
    });
    this.barriers = new TaskBarriers(this.#context, this.gate, [this.writer], this.checkpoints, () =>
      this.#feed.rest(),
    );
  }

  /** Consumers take records from now on. */
  announce(): void {
    const routes = new ConsumerRoutes([0, 0]);
    this.writer.follow(routes);
    const barrierAt = (consumer: number): void => {
      this.beforeBarrier[consumer] ??= this.got[consumer]!.length;
    };
    routes.add(
      [
        [0, 0],
        [1, 0],
      ],
      {
        kind: 'local',
        receiver: {
          receive: ({ subtask }, { records }) => this.got[subtask]!.push(...(records as Item[])),
          barrier: ({ subtask }) => barrierAt(subtask),
          broadcast: ({ except }) => [0, 1].filter((consumer) => !except.has(consumer)).forEach(barrierAt),
          endOfPartition() {},
        },
      },
    );
    this.writer.routesChanged();
  }

  send(producer: number, what: Item[] | Barrier): void {
    const unsent = this.#unsent[producer]!;
    if (!Array.isArray(what)) {
      // The barrier of a producer overtakes what waits there as well: that is the producer's own affair, so none waits.
      while (unsent.length > 0) this.#grant(producer);
      this.gate.receiveBarrier({ input: 0, producerSubtask: producer, producerAttempt: 0 }, what);
      return;
    }
    unsent.push(what);
    this.#flush(producer);
  }

  #grant(producer: number): void {
    this.run();
    this.unblock();
    this.#flush(producer);
  }

  #flush(producer: number): void {
    const unsent = this.#unsent[producer]!;
    while (this.#credit[producer]! > 0 && unsent.length > 0) {
      this.#credit[producer]!--;
      const address = { jobId: JOB, vertex: 1, input: 0, subtask: 0, attempt: 0 };
      const records = unsent.shift() as Item[];
      this.gate.receiveLocal(
        { ...address, producerSubtask: producer, producerAttempt: 0 },
        { records, timestamps: null, marks: null },
        {
          credit: (_, batches) => {
            this.#credit[producer]! += batches;
          },
        },
      );
    }
  }

  /** As the task does. */
  run(): void {
    this.barriers.run(true);
    this.#feed.run(0, () => this.#context.pressure.blocked === 0);
    this.writer.flush();
  }

  unblock(): void {
    if (this.stumbled) this.#context.pressure.blocked--;
    this.stumbled = false;
  }

  grantAll(): void {
    for (const consumer of [0, 1]) this.writer.credit(consumer, 1);
  }

  idle(): boolean {
    return this.gate.size === 0 && this.#unsent.every((unsent) => unsent.length === 0);
  }

  drain(): void {
    for (let left = 5_000; left > 0; left--) {
      this.run();
      this.unblock();
      this.grantAll();
      this.writer.flush();
      for (let producer = 0; producer < PRODUCERS; producer++) this.#flush(producer);
      if (this.idle()) break;
    }
    // What waits in the outputs.
    for (let left = 100; left > 0; left--) {
      this.grantAll();
      this.writer.flush();
    }
    expect(this.idle()).toBe(true);
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      producer: fc.nat(PRODUCERS - 1),
      size: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('barrier' as const), producer: fc.nat(PRODUCERS - 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('run' as const, 'unblock' as const, 'run' as const, 'grant' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const) }) },
);

function restorePoint(ack: StoredState, parallelism = 1): RestorePoint {
  const { handle, shared } = ack;
  return {
    checkpointId: 1,
    allowNonRestoredState: false,
    parallelisms: [PRODUCERS, parallelism, CONSUMERS],
    states: [{ vertex: 1, subtask: 0, handle, shared }],
  } as unknown as RestorePoint;
}

const settled = async (stage: Stage): Promise<void> => {
  for (let turns = 200; turns > 0 && stage.acks.length + stage.declined.length === 0; turns--)
    await new Promise<void>((resolve) => setImmediate(resolve));
};

describe(`an unaligned checkpoint (seed ${SEED})`, () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has each record once, whatever is in flight', async () => {
    const seen = { inFlight: 0, unaligned: 0, aligned: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('at once' as const, 'late' as const, 'never' as const),
        fc.array(step, { minLength: 10, maxLength: 120 }),
        async (overtakes, steps) => {
          const late = overtakes !== 'at once';
          vi.setSystemTime(late ? 0 : TIMEOUT_MS);
          const barrier: Barrier = { ...barrierOf(1), unalignedAt: overtakes === 'never' ? NEVER_MS : TIMEOUT_MS };
          const storage = new MemoryStorage();
          const first = new Stage(storage);
          first.announce();
          const sent = new Array<number>(PRODUCERS).fill(0);
          const position: (number | null)[] = new Array(PRODUCERS).fill(null);
          const batch = (producer: number, size: number): Item[] =>
            Array.from({ length: size }, () => ({ producer, n: sent[producer]!++, taken: false }));
          const sendBarrier = (producer: number): void => {
            if (position[producer] !== null) return;
            position[producer] = sent[producer]!;
            first.send(producer, barrier);
          };
          for (const each of steps) {
            switch (each.do) {
              case 'send':
                if (sent[each.producer]! < BATCHES * 4) first.send(each.producer, batch(each.producer, each.size));
                break;
              case 'barrier':
                sendBarrier(each.producer);
                break;
              case 'run':
                first.run();
                break;
              case 'unblock':
                first.unblock();
                break;
              case 'grant':
                first.grantAll();
                break;
              case 'time':
                vi.setSystemTime(TIMEOUT_MS);
                break;
              default:
                each satisfies never;
            }
          }
          for (let producer = 0; producer < PRODUCERS; producer++) sendBarrier(producer);
          if (overtakes === 'never') first.drain();
          // No credit is needed for it, once its time has come.
          vi.setSystemTime(TIMEOUT_MS);
          first.run();
          first.unblock();
          first.run();
          await settled(first);
          expect(first.declined).toEqual([]);
          const [ack] = first.acks;
          expect(ack, 'an ack although nobody took a record').toBeDefined();
          expect(first.beforeBarrier).not.toContain(null);
          seen[ack!.metrics!.unaligned ? 'unaligned' : 'aligned']++;
          if (ack!.metrics!.persistedBytes > 0) seen.inFlight++;

          const second = new Stage(storage);
          if (late) second.announce();
          // Producers do not wait for a task to be restored.
          if (late) second.send(0, []);
          await second.checkpoints.restore(restorePoint(ack!));
          second.announce();
          position.forEach((from, producer) => {
            const rest = Array.from({ length: sent[producer]! - from! }, (_, index) => index + from!);
            for (const n of rest) second.send(producer, [{ producer, n, taken: false }]);
          });
          second.drain();

          const delivered = [0, 1].map((consumer) => [
            ...first.got[consumer]!.slice(0, first.beforeBarrier[consumer]!),
            ...second.got[consumer]!,
          ]);
          const total = sent.reduce((sum, count) => sum + count, 0);
          expect(second.count).toBe(total);
          const all = delivered.flat().map(({ producer, n }) => `${producer}/${n}`);
          expect(all.toSorted()).toEqual(
            sent.flatMap((count, producer) => Array.from({ length: count }, (_, n) => `${producer}/${n}`)).toSorted(),
          );
          for (const ofConsumer of delivered)
            for (let producer = 0; producer < PRODUCERS; producer++) {
              const numbers = ofConsumer.filter((item) => item.producer === producer).map(({ n }) => n);
              expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
            }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
    expect(seen.inFlight).toBeGreaterThan(RUNS / 10);
    expect(seen.unaligned).toBeGreaterThan(RUNS / 10);
    expect(seen.aligned).toBeGreaterThan(0);
  });

  it('is restored at the same parallelism only', async () => {
    vi.setSystemTime(TIMEOUT_MS);
    const storage = new MemoryStorage();
    const first = new Stage(storage);
    first.announce();
    first.send(0, [{ producer: 0, n: 0, taken: false }]);
    for (let producer = 0; producer < PRODUCERS; producer++) first.send(producer, { ...barrierOf(1), unalignedAt: 0 });
    first.run();
    await settled(first);
    expect(first.acks[0]!.metrics).toMatchObject({ unaligned: true, persistedBytes: expect.any(Number) });
    const second = new Stage(storage, 2);
    await expect(second.checkpoints.restore(restorePoint(first.acks[0]!))).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(/unaligned.*same parallelism.*savepoint/),
    });
  });
});
