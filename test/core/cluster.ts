// A leader's core without a shell: inputs in, Commits folded at once. Core tests read given–when–then with it.
import { createHash } from 'node:crypto';
import { DEFAULT_CHECKPOINT_POLICY } from '../../src/core/checkpointConfig.ts';
import { propose } from '../../src/core/decide.ts';
import type { Effect } from '../../src/core/effects.ts';
import { effectsOf } from '../../src/core/effects.ts';
import type { Envelope, Input, Policy } from '../../src/core/inputs.ts';
import { violations } from '../../src/core/invariants.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import { NO_RESTART } from '../../src/core/restartStrategy.ts';
import type {
  AttemptState,
  CancelJob,
  ClusterEvent,
  Commit,
  JobGraph,
  JobOptions,
  JobVertex,
  RegisterTaskManager,
  RestartStrategy,
  SubmitJob,
  TaskReport,
} from '../../src/core/schema.gen.ts';
import type { Subtask } from '../../src/core/state.ts';
import { emptyState, isLive } from '../../src/core/state.ts';

export const POLICY: Policy = {
  faultTransferDelayMs: 500,
  restart: null,
  loadBalance: 'slots',
  jobExpirationMs: 3_600_000,
  checkpoints: DEFAULT_CHECKPOINT_POLICY,
  savepointDirectory: '/savepoints',
  agingMs: 10_000,
  starvationLimitMs: 30_000,
  dynamic: null,
  driver: null,
  snapshots: { intervalEvents: 100_000, intervalMs: 600_000, retained: 3, retainEvents: 100_000 },
  load: new Map(),
};

export const OPTIONS: JobOptions = {
  priority: 0,
  startAt: null,
  parentJobId: null,
  waitForParent: false,
  restartStrategy: null,
  checkpointing: null,
  savepointPath: null,
  allowNonRestoredState: false,
};

/** `attempts` restarts, each after `delayMs`. */
export function fixedDelay(attempts: number, delayMs: number): RestartStrategy {
  return { ...NO_RESTART, kind: 'FIXED_DELAY', attempts, delayMs };
}

export function hex(text: string, length = 32): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** A chain of vertices, each reading from the one before by HASH. */
export function chain(...vertices: readonly (Partial<JobVertex> & { readonly parallelism: number })[]): JobGraph {
  return {
    hash: hex('graph', 64),
    vertices: vertices.map((vertex, index) => ({
      id: hex(`vertex-${index}`),
      name: `vertex-${index}`,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [{ uid: `op-${index}`, name: `op-${index}` }],
      coLocationGroup: null,
      inputs: index === 0 ? [] : [{ source: index - 1, strategy: 'HASH' as const }],
      ...vertex,
    })),
  };
}

export function submit(name: string, graph: JobGraph, overrides: Partial<SubmitJob> = {}): SubmitJob {
  return {
    type: 'SubmitJob',
    commandId: `submit-${name}`,
    jobId: hex(name),
    name,
    artifact: { sha256: hex(name, 64), name: `${name}.mjs` },
    args: [],
    parallelism: 1,
    graph,
    options: OPTIONS,
    ...overrides,
  };
}

export function cancel(name: string, commandId = `cancel-${name}`): CancelJob {
  return { type: 'CancelJob', commandId, jobId: hex(name) };
}

let registrations = 0;

/** Each is a new registration. */
export function register(
  id: string,
  slots: number,
  attempts: RegisterTaskManager['attempts'] = [],
): RegisterTaskManager {
  return {
    type: 'RegisterTaskManager',
    taskManagerId: id,
    pid: 1,
    host: '127.0.0.1',
    dataPort: 7000,
    slots,
    managedMemoryBytes: 1_000_000,
    registration: ++registrations,
    attempts,
    requestId: null,
  };
}

export class Cluster {
  readonly state = emptyState();
  readonly log: (Commit | { type: 'Claim'; epoch: number; leaderId: string; at: number })[] = [];
  policy: Policy;
  now = 1_000;
  #offsets = new Map<string, number>();

  constructor(policy: Partial<Policy> = {}) {
    this.policy = { ...POLICY, ...policy };
    this.claim('jm-1');
  }

  claim(leaderId: string): ClusterEvent[] {
    const claim = { type: 'Claim' as const, epoch: this.state.epoch + 1, leaderId, at: this.now };
    this.log.push(claim);
    applyRecord(this.state, claim, this.state.offset);
    return this.when({ type: 'ClaimCounted', leaderId, restAddress: `http://${leaderId}` });
  }

  envelope(input: Input): Envelope {
    const topic =
      'commandId' in input
        ? 'commands'
        : ['RegisterTaskManager', 'TaskReport', 'CheckpointReport', 'TaskManagerStopping'].includes(input.type)
          ? 'status'
          : null;
    if (topic === null) return { at: this.now, cause: null, input };
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + 1);
    return { at: this.now, cause: { topic, partition: 0, offset }, input };
  }

  /** Decides one input, folds it, checks the invariants; gives the events. */
  when(input: Input): ClusterEvent[] {
    return this.effectsAfter(input).events;
  }

  effectsAfter(input: Input): { events: ClusterEvent[]; effects: Effect[] } {
    const speculative = structuredClone(this.state);
    const commits = propose(speculative, [this.envelope(input)], this.policy);
    const effects: Effect[] = [];
    for (const commit of commits) {
      this.log.push(commit);
      applyRecord(this.state, commit, this.state.offset);
      effects.push(...effectsOf(commit.events, this.state));
    }
    const wrong = violations(this.state);
    if (wrong.length > 0) throw new Error(`after ${input.type}: ${wrong.join('; ')}`);
    return { events: commits.flatMap((commit) => [...commit.events]), effects };
  }

  later(ms: number): this {
    this.now += ms;
    return this;
  }

  job(name: string) {
    const job = this.state.jobs.get(hex(name));
    if (job === undefined) throw new Error(`no job ${name}`);
    return job;
  }

  subtasks(name: string): Subtask[] {
    return this.job(name).vertices.flatMap((vertex) => vertex.subtasks);
  }

  /** What a TaskManager would say when all (or the chosen) attempts that it holds change to `state`. */
  report(
    taskManagerId: string,
    state: AttemptState,
    choose: (subtask: Subtask) => boolean = () => true,
    reason?: string,
  ): TaskReport {
    const attempts = [...this.state.jobs.values()]
      .flatMap((job) => job.vertices.flatMap((vertex) => vertex.subtasks))
      .filter((subtask) => isLive(subtask.state) && subtask.slot?.taskManagerId === taskManagerId && choose(subtask))
      .map(({ jobId, vertex, index, attempt }) => ({
        jobId,
        vertex,
        subtask: index,
        attempt,
        state,
        reason: reason ?? null,
        recordsIn: 0,
        recordsOut: 0,
      }));
    return { type: 'TaskReport', taskManagerId, attempts };
  }
}

/** `TaskDeployed ×4 · JobStarted`: event types in order, runs counted. */
export function summary(events: readonly ClusterEvent[]): string {
  const runs: { type: string; count: number }[] = [];
  for (const { type } of events) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return runs.map(({ type, count }) => (count === 1 ? type : `${type} ×${count}`)).join(' · ');
}
