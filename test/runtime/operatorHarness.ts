// One subtask of one operator, driven by hand: records, watermarks, the wall clock, snapshots and restores, without a cluster around it. Everything in
// it but the clock and the room for output is what a task uses.
import type { OperatorSpec } from '../../src/runtime/operatorSpec.ts';
import { type OperatorState, restore, snapshot } from '../../src/runtime/operatorState.ts';
import { buildChain, type Chain } from '../../src/runtime/operators.ts';
import { ProcessingTimers } from '../../src/runtime/processingTimers.ts';
import type { KeyedStateBackend } from '../../src/runtime/state/keyedStateBackend.ts';
import { ElementTime, MAX_WATERMARK } from '../../src/runtime/streamTime.ts';
import { Suspensions } from '../../src/runtime/suspensions.ts';
import type { TaskContext } from '../../src/runtime/taskContext.ts';
import { inOnePart } from './snapshotStores.ts';
import type { BackendKind } from './state/backendContract.ts';
import { hashmap } from './state/backends.ts';

export interface Emitted {
  readonly value: unknown;
  /** Null: none. */
  readonly timestamp: number | null;
}

export interface HarnessOptions {
  readonly subtask?: number;
  readonly parallelism?: number;
  /** Snapshots to start from. */
  readonly parts?: readonly Uint8Array[];
  /** Tags of side outputs that are read. */
  readonly tags?: readonly string[];
  /** How many records may be emitted before the room is used up; `makeRoom` gives as much again. Default: any number. */
  readonly room?: number;
  /** Where keyed state is kept. Default: in heap. */
  readonly backend?: BackendKind;
  /** The job runs as batch. */
  readonly batch?: boolean;
}

const MAX_PARALLELISM = 128;

export class OperatorHarness {
  readonly emitted: Emitted[] = [];
  readonly late: Record<string, unknown[]> = {};
  readonly watermarks: number[] = [];
  /** What failed outside the calls of the test. */
  readonly failures: unknown[] = [];
  readonly #onFailure: ((error: unknown) => void)[] = [];
  /** Values and watermarks in the order in which they were emitted. */
  readonly log: (readonly [kind: 'value' | 'watermark', what: unknown])[] = [];
  readonly statuses: boolean[] = [];
  readonly context: TaskContext;
  now = 1_000_000;
  readonly #chain: Chain;
  readonly #states: OperatorState[] = [];
  readonly #backends: KeyedStateBackend[] = [];
  readonly #suspensions: Suspensions;
  readonly #timers: ProcessingTimers;
  readonly #room: number;
  #used = 0;

  private constructor(spec: OperatorSpec, options: HarnessOptions) {
    const { subtask = 0, parallelism = 1, tags = [], room = Number.POSITIVE_INFINITY } = options;
    const pressure = { blocked: 0 };
    const time = new ElementTime();
    this.#room = room;
    this.#timers = new ProcessingTimers(
      () => {},
      () => this.now,
    );
    this.#suspensions = new Suspensions(pressure);
    this.context = {
      jobId: '0'.repeat(32),
      vertex: 0,
      subtask,
      attempt: 0,
      parallelism,
      maxParallelism: MAX_PARALLELISM,
      pressure,
      time,
      key: { handle: null },
      timers: this.#timers,
      exchangeFlusher: { add() {} },
      sinkFlusher: { add() {} },
      now: () => this.now,
      wake() {},
      wakeAt() {},
      suspend: (continuation) => this.#suspensions.add(continuation),
      fail: (error) => {
        this.failures.push(error);
        for (const tell of this.#onFailure.splice(0)) tell(error);
      },
      countOut() {},
    };
    const exchange = {
      consumer: 1,
      input: 0,
      strategy: 'FORWARD',
      key: null,
      partition: null,
      eventTime: true,
      serializer: null,
    } as const;
    const exchanges = [null, ...tags].map((tag) => ({ ...exchange, tag }));
    this.#chain = buildChain(
      { uid: 'op', name: 'op', spec, chained: [], exchanges },
      {
        exchange: (_, { tag }) => ({
          collect: (value) => {
            if (tag !== null) {
              this.late[tag] = [...(this.late[tag] ?? []), value];
              return;
            }
            this.log.push(['value', value]);
            this.emitted.push({ value, timestamp: Number.isNaN(time.timestamp) ? null : time.timestamp });
            if (++this.#used >= this.#room) pressure.blocked = 1;
          },
          watermark: (timestamp) => {
            if (tag !== null) return;
            this.watermarks.push(timestamp);
            this.log.push(['watermark', timestamp]);
          },
          status: (idle) => tag === null && this.statuses.push(idle),
        }),
        sink: () => () => {},
      },
      {
        context: this.context,
        batch: options.batch ?? false,
        keep: (state) => this.#states.push(state),
        keyedState: ({ uid, name }) => {
          const backend = (options.backend ?? hashmap).open(MAX_PARALLELISM, () => this.now);
          this.#backends.push(backend);
          this.#states.push({ kind: 'keyed', uid, operator: name, backend });
          return backend;
        },
      },
    );
  }

  static async open(spec: OperatorSpec, options: HarnessOptions = {}): Promise<OperatorHarness> {
    const harness = new OperatorHarness(spec, options);
    const parts = (options.parts ?? []).map((bytes, index) => ({ ...inOnePart, handle: `part-${index}`, bytes }));
    await restore(harness.#states, parts, { own: false, allowNonRestoredState: false }, harness.context);
    for (const operator of harness.#chain.operators) await operator.open?.();
    return harness;
  }

  /** A record arrives; without a timestamp where none is given. */
  collect(value: unknown, timestamp = Number.NaN, port = 0): void {
    this.context.time.timestamp = timestamp;
    this.#chain.inputs[port]!.collect(value);
    this.context.time.timestamp = Number.NaN;
  }

  watermark(timestamp: number, port = 0): void {
    this.#chain.inputs[port]!.watermark(timestamp);
  }

  status(idle: boolean, port = 0): void {
    this.#chain.inputs[port]!.status(idle);
  }

  /** The wall clock goes on. */
  clock(now: number): void {
    this.now = now;
    this.#timers.fire(() => this.context.pressure.blocked === 0 && this.#suspensions.none);
  }

  /** As much room as there was at first; what was suspended goes on. */
  makeRoom(): void {
    this.#used = 0;
    this.context.pressure.blocked = 0;
    this.resume();
  }

  /** What was suspended goes on, as far as there is room. */
  resume(): void {
    this.#suspensions.resume();
  }

  /** The next failure outside the calls of the test. */
  failure(): Promise<unknown> {
    return new Promise((resolve) => this.#onFailure.push(resolve));
  }

  get suspended(): boolean {
    return !this.#suspensions.none;
  }

  /** Bounded input ends. */
  end(): void {
    for (const input of this.#chain.inputs) input.watermark(MAX_WATERMARK);
    for (const operator of this.#chain.operators) operator.endOfInput?.();
  }

  /** Null: nothing is kept. */
  async snapshot(): Promise<Uint8Array | null> {
    return snapshot(this.#states, 1)(inOnePart.store);
  }

  /** The task ends, and lets go of its state. */
  async close(): Promise<void> {
    for (const operator of this.#chain.operators) await operator.close?.();
    for (const backend of this.#backends) backend.close();
  }

  get values(): unknown[] {
    return this.emitted.map(({ value }) => value);
  }
}

/** The state of a test is too small to have segments. */
