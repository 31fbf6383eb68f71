// Incremental checkpoints with everything that has a say in them, driven step by step: tasks' keyed state in LMDB and their TaskCheckpoints, the
// coordinator as it decides, the leader's errands that write manifests and delete files, and a storage whose writes end when they are told to. Only
// the exchange, threads and journal are left out. Beside it stands a model: what each subtask held at each barrier.
import { expect } from 'vitest';
import { MemoryStorage } from '../../../src/adapters/memoryStorage.ts';
import type { CompletedCheckpoint } from '../../../src/core/checkpointState.ts';
import type { Effect } from '../../../src/core/effects.ts';
import type { Input } from '../../../src/core/inputs.ts';
import type { CheckpointReport, DeployTasks, RestorePoint, SubtaskState } from '../../../src/core/schema.gen.ts';
import { CheckpointErrands } from '../../../src/jobmanager/checkpointErrands.ts';
import { CheckpointStorageError, type StateStorage } from '../../../src/ports/checkpointStorage.ts';
import { keyGroupOfIdentity, keyIdentity, subtaskOf } from '../../../src/runtime/keyGroups.ts';
import { ValueStateDescriptor } from '../../../src/runtime/state/descriptors.ts';
import type { KeyedStateBackend } from '../../../src/runtime/state/keyedStateBackend.ts';
import { TaskCheckpoints } from '../../../src/runtime/taskCheckpoints.ts';
import type { TaskContext } from '../../../src/runtime/taskContext.ts';
import { Cluster, chain, fixedDelay, hex, OPTIONS, register, submit } from '../../core/cluster.ts';
import type { BackendKind } from './backendContract.ts';
import { apply, applyToModel, type Content, contentOf, KEYS, MAX_PARALLELISM, seen, type Use } from './stateModel.ts';

const JOB = hex('job');
const TTL_MS = 100;
const TTL = new ValueStateDescriptor<number>('ttl', { ttl: { ttlMs: TTL_MS, cleanupSize: 2 } });

export interface StageOptions {
  readonly parallelism: number;
  readonly retained: number;
  readonly kind: BackendKind;
}

/** What one subtask holds. */
interface Held {
  readonly content: Content;
  readonly expiring: Map<string, { readonly value: number; readonly at: number }>;
}

interface Notice {
  readonly type: 'CheckpointComplete' | 'CheckpointAbort';
  readonly checkpointId: number;
}

interface Task {
  readonly checkpoints: TaskCheckpoints;
  readonly backend: KeyedStateBackend;
  readonly barriers: { readonly checkpointId: number; readonly targetPath: string | null }[];
  readonly notices: Notice[];
}

/** Writes wait until they are let through, or refused. */
class GatedStorage implements StateStorage {
  readonly #storage: StateStorage;
  readonly waiting: { readonly go: () => void; readonly refuse: () => void }[] = [];
  readBytes = 0;

  constructor(storage: StateStorage) {
    this.#storage = storage;
  }

  write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({
        go: () => this.#storage.write(folder, name, bytes).then(resolve, reject),
        refuse: () => reject(new CheckpointStorageError('STORAGE_FAILED', 'the disk is full')),
      });
    });
  }

  read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#storage.read(handle);
  }
}

export class CheckpointStage {
  readonly storage = new MemoryStorage();
  /** Bytes written by each complete checkpoint, and how many they refer to. */
  readonly sizes: { readonly written: number; readonly bytes: number }[] = [];
  readonly #gate = new GatedStorage(this.storage);
  readonly #cluster = new Cluster();
  readonly #errands: CheckpointErrands;
  readonly #options: StageOptions;
  readonly #background: Promise<unknown>[] = [];
  #tasks: Task[] = [];
  #model: Held = nothing();
  /** By checkpoint, of all subtasks whose barrier has come. */
  readonly #expected = new Map<number, Held>();
  readonly #opened = new Set<KeyedStateBackend>();
  #now = 1_000;
  #commands = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#errands = new CheckpointErrands({
      checkpoints: this.storage,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      state: this.#cluster.state,
      tell: (observation) => this.#when(observation),
      later: (_delayMs, action) => action(),
      stopped: () => false,
      background: (promise) => void this.#background.push(promise),
    });
  }

  async start(): Promise<void> {
    const { parallelism, retained } = this.#options;
    this.#when(register('tm-1', 8));
    const checkpointing = {
      intervalMs: 1_000_000_000,
      minPauseMs: 0,
      timeoutMs: 1_000_000_000,
      maxConcurrent: 16,
      toleratedFailures: 1_000_000,
      retained,
      retention: null,
      unaligned: null,
      alignedTimeoutMs: null,
    };
    const options = { ...OPTIONS, checkpointing, restartStrategy: fixedDelay(1_000_000, 0) };
    this.#when(submit('job', chain({ parallelism, maxParallelism: MAX_PARALLELISM }), { options }));
    await this.settled();
    this.#when(this.#cluster.report('tm-1', 'RUNNING'));
  }

  use(use: Use): void {
    if (use.op === 'clearNamespace') for (const { backend } of this.#tasks) apply(backend, use);
    else apply(this.#ownerOf(use.key).backend, use);
    applyToModel(this.#model.content, use);
  }

  /** Of state that expires; null: cleared. */
  useExpiring(key: number, value: number | null): void {
    const { backend } = this.#ownerOf(key);
    backend.setCurrentKey(keyIdentity(KEYS[key]));
    if (value === null) backend.getState(TTL).clear();
    else backend.getState(TTL).update(value);
    if (value === null) this.#model.expiring.delete(String(key));
    else this.#model.expiring.set(String(key), { value, at: this.#now });
  }

  clock(ms: number): void {
    this.#now += ms;
  }

  trigger(targetPath: string | null): void {
    const { pending } = this.#cluster.job('job').checkpoints;
    if (pending.size >= 3) return;
    const commandId = `c-${++this.#commands}`;
    if (targetPath === null) this.#when({ type: 'RequestCheckpoint', commandId, jobId: JOB });
    else this.#when({ type: 'TriggerSavepoint', commandId, jobId: JOB, targetPath });
  }

  /** The next barrier that is on its way to the subtask reaches it. */
  barrier(subtask: number): void {
    const task = this.#tasks[subtask % this.#tasks.length];
    const next = task?.barriers.shift();
    if (task === undefined || next === undefined) return;
    const expected = this.#expected.get(next.checkpointId) ?? nothing();
    this.#expected.set(next.checkpointId, expected);
    for (const [name, value] of this.#model.content)
      if (this.#ownerOf(Number(name.split('/')[2])) === task) expected.content.set(name, structuredClone(value));
    for (const [name, value] of this.#model.expiring)
      if (this.#ownerOf(Number(name)) === task) expected.expiring.set(name, value);
    task.checkpoints.barrier(
      { ...next, stops: false, drain: false, timestamp: 0, unalignedAt: null },
      { inputEnded: false, alignment: null, inFlight: null },
      () => {},
    );
  }

  /** One of the writes that wait ends. */
  async write(index: number, fails: boolean): Promise<void> {
    const { waiting } = this.#gate;
    const [write] = waiting.length === 0 ? [] : waiting.splice(index % waiting.length, 1);
    if (fails) write?.refuse();
    else write?.go();
    await this.settled();
  }

  /** The subtask hears of the next checkpoint that has ended, or never does. */
  notice(subtask: number, isLost: boolean): void {
    const task = this.#tasks[subtask % this.#tasks.length];
    const next = task?.notices.shift();
    if (task === undefined || next === undefined || isLost) return;
    if (next.type === 'CheckpointComplete') task.checkpoints.complete(next.checkpointId);
    else task.checkpoints.abort(next.checkpointId);
  }

  /** A task fails, and all start again from the newest complete checkpoint. */
  async restart(): Promise<void> {
    for (const { checkpoints } of this.#tasks) checkpoints.close();
    this.#tasks = [];
    this.#when(this.#cluster.report('tm-1', 'FAILED', ({ index }) => index === 0, 'planned'));
    this.#when(this.#cluster.report('tm-1', 'CANCELED'));
    this.#cluster.later(1);
    this.#when({ type: 'DeadlinePassed' });
    await this.settled();
    this.#when(this.#cluster.report('tm-1', 'RUNNING'));
    expect(this.#tasks).toHaveLength(this.#options.parallelism);
    const restored = nothing();
    for (const { backend } of this.#tasks) this.#read(backend, restored);
    expect(restored, 'what the tasks hold after a restart').toEqual(this.#seen(this.#model));
  }

  /** Every checkpoint that is kept is what was held at its barriers: restored at another parallelism, in the other backend. */
  async check(parallelism: number, kind: BackendKind): Promise<void> {
    await this.settled();
    const { completed, savepoints } = this.#cluster.job('job').checkpoints;
    for (const checkpoint of [...completed, ...savepoints]) {
      const restored = nothing();
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const task = await this.#restored(subtask, parallelism, pointOf(checkpoint), kind, hex('other'));
        this.#read(task.backend, restored);
        task.checkpoints.close();
      }
      const what = `checkpoint ${checkpoint.id} at parallelism ${parallelism} in ${kind.name}`;
      expect(restored, what).toEqual(this.#seen(this.#expected.get(checkpoint.id)!));
    }
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(this.#background.splice(0));
    }
  }

  close(): void {
    for (const { checkpoints } of this.#tasks) checkpoints.close();
    for (const backend of this.#opened) backend.close();
  }

  #when(input: Input): void {
    const { effects, events } = this.#cluster.effectsAfter(input);
    for (const event of events) {
      if (event.type !== 'CheckpointCompleted') continue;
      const states = this.#cluster.job('job').checkpoints.completed.find(({ id }) => id === event.checkpointId)?.states;
      if (states === undefined) continue;
      const sum = (of: (state: SubtaskState) => number) => states.reduce((total, state) => total + of(state), 0);
      this.sizes.push({
        written: sum(({ metrics }) => metrics?.checkpointedBytes ?? 0),
        bytes: sum(({ bytes }) => bytes),
      });
    }
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    if (effect.type === 'WriteManifest' || effect.type === 'DiscardCheckpoint') this.#errands.run(effect);
    if (effect.type !== 'Assign') return;
    const { message } = effect;
    switch (message.type) {
      case 'DeployTasks':
        this.#background.push(this.#deploy(message));
        return;
      case 'TriggerCheckpoint':
        for (const { barriers } of this.#tasks) barriers.push(message);
        return;
      case 'CheckpointComplete':
      case 'CheckpointAbort':
        for (const { notices } of this.#tasks) notices.push(message);
        return;
      default:
    }
  }

  async #deploy({ tasks, restore }: DeployTasks): Promise<void> {
    const { parallelism, kind } = this.#options;
    const expected = restore === null ? nothing() : this.#expected.get(restore.checkpointId)!;
    this.#model = structuredClone(expected);
    const deployed = tasks.map(({ subtask, attempt }) =>
      this.#restored(subtask, parallelism, restore, kind, JOB, attempt),
    );
    this.#tasks = await Promise.all(deployed);
  }

  async #restored(
    subtask: number,
    parallelism: number,
    point: RestorePoint | null,
    kind: BackendKind,
    jobId: string,
    attempt = 1,
  ): Promise<Task> {
    const place = { jobId, vertex: 0, subtask, attempt, parallelism, maxParallelism: MAX_PARALLELISM };
    const report = (answers: Partial<CheckpointReport>, checkpointId: number): void => {
      const empty = {
        type: 'CheckpointReport' as const,
        taskManagerId: 'tm-1',
        jobId,
        acks: [],
        declines: [],
        damaged: [],
      };
      this.#when({ ...empty, checkpointId, ...answers });
    };
    const task = { vertex: 0, subtask, attempt };
    const checkpoints = new TaskCheckpoints(place as unknown as TaskContext, ['op-0'], this.#gate, {
      acked: (id, stored) => report({ acks: [{ ...task, ...stored }] }, id),
      declined: (id, reason) => report({ declines: [{ ...task, reason }] }, id),
      damaged: (id, handle, reason) => report({ damaged: [{ ...task, handle, reason }] }, id),
    });
    const backend = kind.open(MAX_PARALLELISM, () => this.#now);
    this.#opened.add(backend);
    checkpoints.keep({ kind: 'keyed', uid: 'op-0', operator: 'op-0', backend });
    await checkpoints.restore(point);
    return { checkpoints, backend, barriers: [], notices: [] };
  }

  #ownerOf(key: number): Task {
    const group = keyGroupOfIdentity(keyIdentity(KEYS[key]), MAX_PARALLELISM);
    return this.#tasks[subtaskOf(group, this.#options.parallelism, MAX_PARALLELISM)]!;
  }

  #read(backend: KeyedStateBackend, into: Held): void {
    for (const [name, value] of contentOf(backend)) {
      expect(into.content.has(name), `${name} is in one subtask`).toBe(false);
      into.content.set(name, value);
    }
    for (const [index, key] of KEYS.entries()) {
      backend.setCurrentKey(keyIdentity(key));
      const value = backend.getState(TTL).value();
      if (value !== undefined) into.expiring.set(String(index), { value, at: 0 });
    }
  }

  /** As it can be read now. */
  #seen({ content, expiring }: Held): Held {
    const living = [...expiring].filter(([, { at }]) => at + TTL_MS > this.#now);
    return { content: seen(content), expiring: new Map(living.map(([key, { value }]) => [key, { value, at: 0 }])) };
  }
}

function nothing(): Held {
  return { content: new Map(), expiring: new Map() };
}

function pointOf({ id, parallelisms, states }: CompletedCheckpoint): RestorePoint {
  return { checkpointId: id, path: null, allowNonRestoredState: false, parallelisms, states };
}
