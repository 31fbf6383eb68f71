// A cluster as REST sees it: the state that core folds, and commands that the test itself decides. One TaskManager and one job with two
// vertices of two subtasks.
import { ActorError } from '../../src/actors/errors.ts';
import { copyState, propose } from '../../src/core/decide.ts';
import type { Command, Input } from '../../src/core/inputs.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import type {
  AttemptReport,
  AttemptState,
  JobManagerDescription,
  ProcessMemory,
  TaskManagerDescription,
  TaskMetrics,
} from '../../src/core/schema.gen.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import type { ClusterView, StorageView } from '../../src/http/clusterView.ts';
import { POLICY } from '../core/cluster.ts';
import { submitJob } from '../jobmanager/harness.ts';

const NOW = 50_000;
const MIB = 2 ** 20;
/** Three slots: 2 GiB of heap, 1 GiB beside it and 64 MiB for records under way each. */
const MEMORY: ProcessMemory = {
  pressure: 1,
  residentBytes: 900 * MIB,
  processMaxBytes: 0,
  heapUsedBytes: 500 * MIB,
  heapMaxBytes: 6_144 * MIB,
  offHeapUsedBytes: 30 * MIB,
  offHeapMaxBytes: 3_072 * MIB,
  managedUsedBytes: 2 * MIB,
  managedMaxBytes: 3 * MIB,
  networkUsedBytes: 1 * MIB + 1,
  networkMaxBytes: 192 * MIB,
  segmentBytes: 32_768,
  spilledBytes: 77,
  diskUsedBytes: 4_096,
  slotDiskMaxBytes: 0,
};
export const command = submitJob(1, 2);
const { jobId } = command;

/** What the TaskManager measured of a subtask of the source. */
export function measured(more: Partial<TaskMetrics>): TaskMetrics {
  return {
    jobId,
    vertex: 0,
    subtask: 0,
    attempt: 0,
    busyTimeMsPerSecond: 300,
    idleTimeMsPerSecond: 700,
    backPressuredTimeMsPerSecond: 0,
    accumulatedBusyTimeMs: 3_000,
    accumulatedIdleTimeMs: 2_000,
    accumulatedBackPressuredTimeMs: 1_000,
    recordsIn: 10,
    recordsOut: 20,
    recordsInPerSecond: 1.5,
    recordsOutPerSecond: 3,
    bytesIn: 100,
    bytesOut: 200,
    bytesInPerSecond: 10,
    bytesOutPerSecond: 20,
    inPoolUsage: 0.5,
    currentInputWatermark: null,
    ...more,
  };
}

export class Cluster implements ClusterView {
  readonly state: ClusterState = emptyState();
  /** Commands that were handed to the leader. */
  readonly sent: Command[] = [];
  /** Savepoints that were disposed. */
  readonly disposed: string[] = [];
  storage: StorageView = {
    savepointDirectory: '/savepoints',
    checkpointDirectory: '/checkpoints',
    dispose: async (path) => {
      if (path === '/not/there') throw new Error('There is no state /not/there/_metadata.');
      this.disposed.push(path);
    },
  };
  /** Of the TaskManager's last heartbeat. */
  metrics: TaskMetrics[] = [];
  #commands = 0;
  journalIsAway = false;

  constructor() {
    applyRecord(this.state, { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: 10_000 }, 0);
    this.decide({ type: 'ClaimCounted', leaderId: 'jm-1', restAddress: 'http://127.0.0.1:8081' });
    this.decide({
      type: 'RegisterTaskManager',
      taskManagerId: 'tm-1',
      pid: 4711,
      host: '127.0.0.1',
      dataPort: 6121,
      slots: 3,
      managedMemoryBytes: 3 * 1024 * 1024,
      registration: 1,
      attempts: [],
      requestId: null,
    });
    this.decide(command);
  }

  decide(input: Input): void {
    const commits = propose(copyState(this.state), [{ at: 20_000, cause: null, input }], POLICY);
    for (const commit of commits) applyRecord(this.state, commit, this.state.offset);
  }

  report(state: AttemptState, reason: string | null = null): void {
    this.decide({ type: 'TaskReport', taskManagerId: 'tm-1', attempts: this.attempts(state, reason) });
  }

  attempts(state: AttemptState, reason: string | null): AttemptReport[] {
    return [0, 1].flatMap((vertex) =>
      [0, 1].map((subtask) => ({ jobId, vertex, subtask, attempt: 0, state, reason, recordsIn: 10, recordsOut: 20 })),
    );
  }

  now(): number {
    return NOW;
  }

  jobManagers() {
    return [{ id: 'jm-1', pid: 1, rest: 'http://127.0.0.1:8081', role: 'leader', offset: this.state.offset } as const];
  }

  lastHeard(taskManagerId: string) {
    return {
      heardAt: 49_000,
      heartbeat: {
        type: 'TaskManagerHeartbeat',
        taskManagerId,
        pid: 4711,
        cpuLoad: 0.1,
        usedHeapBytes: 1234,
        memory: MEMORY,
        attempts: this.attempts('RUNNING', null),
        metrics: this.metrics,
      },
    } as const;
  }

  /** Other processes answer when asked. */
  answering = true;

  async describeJobManager(id: string): Promise<JobManagerDescription> {
    this.#mustAnswer(id);
    return {
      type: 'JobManagerDescription',
      jobManagerId: id,
      pid: 1,
      restAddress: 'http://127.0.0.1:8081',
      role: 'leader',
      epoch: 1,
      offset: this.state.offset,
      upMs: 5,
      cpuLoad: 0.1,
      usedHeapBytes: 99,
      actors: [{ path: 'jobmanager', status: 'running', restarts: 0, waitingMessages: 0 }],
    };
  }

  async describeTaskManager(id: string, maxAttempts: number): Promise<TaskManagerDescription> {
    this.#mustAnswer(id);
    const attempts = this.attempts('RUNNING', null);
    return {
      type: 'TaskManagerDescription',
      taskManagerId: id,
      pid: 4711,
      registered: true,
      epoch: 1,
      upMs: 5,
      cpuLoad: 0.25,
      usedHeapBytes: 1234,
      memory: MEMORY,
      waitingReports: 0,
      attemptCount: attempts.length + 1,
      attempts: attempts.slice(0, maxAttempts),
      actors: [{ path: 'taskmanager/status', status: 'running', restarts: 2, waitingMessages: 1 }],
    };
  }

  #mustAnswer(id: string): void {
    if (!this.answering) throw new ActorError('ASK_TIMEOUT', `${id} did not answer`);
  }

  newCommandId(): string {
    return (++this.#commands).toString(16).padStart(32, '0');
  }

  async send(sent: Command): Promise<void> {
    if (this.journalIsAway) throw new Error('the journal is away');
    this.sent.push(sent);
  }
}
