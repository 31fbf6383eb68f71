// The story that a recorded ledger tells, written by hand: it is coherent (core folds it) and holds an event of every type and a record
// that does not count. `EVENTS` makes the compiler ask for an event type that is new; then add it to the story as well.
import type { LedgerRecord } from '../../src/core/ledger.ts';
import type {
  CheckpointConfig,
  CheckpointPurpose,
  ClusterEvent,
  JobGraph,
  JobOptions,
  SubtaskRecord,
} from '../../src/core/schema.gen.ts';

const START = Date.UTC(2026, 0, 1);
const WORDCOUNT = '0123456789abcdef0123456789abcdef';
const FORGOTTEN = 'fedcba9876543210fedcba9876543210';
const ARCHIVED = 'a4c41e00a4c41e00a4c41e00a4c41e00';
const STREAMING = '57ea3157ea3157ea3157ea3157ea3157';
const BROKEN = '00000000000000000000000000000bad';
const graph: JobGraph = {
  vertices: [
    {
      id: 'a0'.repeat(16),
      name: 'Source: Wörter → split',
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [
        { uid: 'source', name: 'Source: Wörter' },
        { uid: 'split', name: 'split' },
      ],
      inputs: [],
      coLocationGroup: 'words',
    },
    {
      id: 'b1'.repeat(16),
      name: 'count → print',
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [{ uid: 'count', name: 'count' }],
      inputs: [{ source: 0, strategy: 'HASH' }],
      coLocationGroup: 'words',
    },
  ],
  hash: 'c2'.repeat(32),
};
const checkpointing: CheckpointConfig = {
  intervalMs: 10_000,
  minPauseMs: 500,
  timeoutMs: 600_000,
  maxConcurrent: 1,
  toleratedFailures: 2,
  retained: 1,
  retention: 'RETAIN_ON_CANCELLATION',
  unaligned: null,
  alignedTimeoutMs: null,
};
const options: JobOptions = {
  priority: 3,
  startAt: START,
  parentJobId: null,
  waitForParent: false,
  restartStrategy: {
    kind: 'EXPONENTIAL_DELAY',
    attempts: -1,
    delayMs: 100,
    maxDelayMs: 60_000,
    backoffMultiplier: 1.5,
    resetAfterMs: 600_000,
    maxFailures: 0,
    intervalMs: 0,
  },
  checkpointing: null,
  savepointPath: null,
  allowNonRestoredState: false,
};
const stored = {
  shared: ['shared/5-0', 'shared/6-0'],
  operators: [0],
  metrics: {
    checkpointedBytes: 2 ** 32,
    syncMs: 0.5,
    asyncMs: 900.25,
    alignmentMs: 12,
    unaligned: false,
    persistedBytes: 0,
    startDelayMs: 3,
  },
};
const submission = (jobId: string, name: string) => ({
  type: 'JobSubmitted' as const,
  jobId,
  commandId: `submit-${name}`,
  name,
  artifact: { sha256: 'd3'.repeat(32), name: `${name}.mjs` },
  args: ['--language', 'de'],
  parallelism: 1,
  graph,
  options,
});
const task = (vertex: number, attempt: number) => ({ jobId: WORDCOUNT, vertex, subtask: 0, attempt });
const registered = (taskManagerId: string, slots: number, requestId: string | null = null): ClusterEvent[] => [
  {
    type: 'TaskManagerRegistered',
    taskManagerId,
    pid: 4711,
    host: '127.0.0.1',
    dataPort: 40_001,
    slots,
    managedMemoryBytes: slots * 2 ** 31,
    registration: 1,
    strays: [],
    requestId,
  },
  ...Array.from({ length: slots }, (_, slot) => ({
    type: 'SlotOffered' as const,
    taskManagerId,
    slot,
    managedMemoryBytes: 2 ** 31,
  })),
];

const records: LedgerRecord[] = [];
let epoch = 0;
let seq = 0;
const at = () => START + records.length * 250;
const claim = (leaderId: string) => {
  records.push({ type: 'Claim', epoch: ++epoch, leaderId, at: at() });
  seq = 0;
};
const commit = (cause: [topic: string, partition: number, offset: number] | null, ...events: ClusterEvent[]) => {
  const causes = cause === null ? [] : [{ topic: cause[0], partition: cause[1], offset: cause[2] }];
  records.push({ type: 'Commit', epoch, seq: ++seq, at: at(), causes, events });
};

// It begins with what a snapshot of an older log left: one job that had ended.
const ended = (vertex: number): SubtaskRecord => ({
  subtask: 0,
  attempt: 0,
  run: 0,
  state: vertex === 0 ? 'FINISHED' : 'CANCELED',
  taskManagerId: vertex === 0 ? 'tm-0' : 'tm-gone',
  slot: 0,
  slotBytes: vertex === 0 ? -1 : 2 ** 31,
  timestamps: { DEPLOYING: START - 9_000, RUNNING: START - 8_000, FINISHED: START - 1_000 },
  reason: null,
});
const savepoint = {
  checkpointId: 6,
  purpose: 'SAVEPOINT' as const,
  triggeredAt: START - 3_000,
  completedAt: START - 2_000,
  path: 'file:///savepoints/savepoint-a4c41e',
  bytes: 2 ** 33,
  parallelisms: [1, 1],
};
seq = 1;
records.push({
  type: 'Commit',
  epoch: 0,
  seq,
  at: START,
  causes: [],
  events: [
    {
      type: 'ClusterRestored',
      offset: 0,
      epoch: 0,
      seq,
      eventCount: 2 ** 33,
      lastAt: START - 1_000,
      leaderId: null,
      restAddress: null,
      claimedAt: 0,
      inputs: [{ topic: 'status', partition: 7, offset: 2 ** 32 }],
      voidClaims: 0,
      voidCommits: 0,
      voidForeign: 1,
      desiredTaskManagers: 1,
      requests: { 'request-1': START - 500 },
      requestCount: 1,
      queue: [],
      snapshots: [{ id: '00c0ffee', offset: 0, eventCount: 2 ** 33, parts: 1, position: 7, takenAt: START - 1_000 }],
    },
    {
      type: 'TaskManagerRestored',
      taskManagerId: 'tm-0',
      pid: 4710,
      host: '127.0.0.1',
      dataPort: 40_000,
      managedMemoryBytes: 2 ** 31,
      registration: 1,
      registeredAt: START - 10_000,
      requestId: null,
      status: 'suspected',
      lostAt: START + 10_000,
      reason: 'silent for 5000 ms',
      slotBytes: [2 ** 31],
      idleSince: START - 1_000,
    },
    {
      type: 'JobRestored',
      jobId: ARCHIVED,
      commandId: 'submit-archived',
      name: 'archived',
      artifact: { sha256: 'd3'.repeat(32), name: 'archived.mjs' },
      args: [],
      parallelism: 1,
      options,
      graph,
      parallelisms: [1, 1],
      wantedParallelisms: [1, 1],
      rescheduledAt: START,
      submittedAt: START - 10_000,
      status: 'CANCELED',
      reason: '',
      restartAt: 0,
      queuedFor: null,
      endedAt: START - 1_000,
      purpose: 'PERIODIC',
      rescaleTo: 0,
      giveUpAt: 0,
      timestamps: { CREATED: START - 10_000, RUNNING: START - 8_000, CANCELED: START - 1_000 },
      slots: [],
      regionRuns: [0],
      restarts: 2,
      consecutiveRestarts: 1,
      restartTimes: [START - 9_500, START - 9_200],
      failures: [
        {
          failedAt: START - 9_600,
          task: { vertex: 1, subtask: 0, attempt: 0 },
          taskManagerId: 'tm-gone',
          reason: 'lost',
        },
        { failedAt: START - 9_300, task: null, taskManagerId: null, reason: 'too many failed checkpoints' },
      ],
    },
    { type: 'SubtasksRestored', jobId: ARCHIVED, vertex: 0, subtasks: [ended(0)] },
    { type: 'SubtasksRestored', jobId: ARCHIVED, vertex: 1, subtasks: [ended(1)] },
    {
      type: 'CheckpointsRestored',
      jobId: ARCHIVED,
      checkpoints: {
        nextId: 7,
        pending: [],
        completed: [],
        savepoints: [savepoint],
        lastTriggeredAt: START - 3_000,
        lastEndedAt: START - 2_000,
        consecutiveFailures: 0,
        completedCount: 5,
        failedCount: 1,
        restored: null,
        restoring: [],
        damaged: [{ checkpointId: 4, damagedAt: START - 5_000, handle: 'chk-4/0-0', reason: 'its bytes have changed' }],
        failures: [
          {
            checkpointId: 5,
            purpose: 'PERIODIC',
            triggeredAt: START - 4_000,
            failedAt: START - 3_500,
            reason: 'subtask 0/0 declined: Error: disk full',
            acked: 1,
            subtasks: 2,
          },
        ],
      },
    },
    {
      type: 'CheckpointStatesRestored',
      jobId: ARCHIVED,
      checkpointId: 6,
      states: [
        {
          vertex: 0,
          subtask: 0,
          handle: 'file:///savepoints/savepoint-a4c41e/0-0',
          inputEnded: true,
          bytes: 2 ** 33,
          ...stored,
          ackedAt: START - 2_500,
        },
      ],
    },
    {
      type: 'AnswerRestored',
      answeredAt: START - 1_000,
      commandId: 'cancel-archived',
      jobId: ARCHIVED,
      rejection: null,
      message: 'The job is cancelled.',
      path: null,
    },
  ],
});
claim('jm-1');
commit(null, { type: 'LeadershipConfirmed', leaderId: 'jm-1', restAddress: 'http://127.0.0.1:8081' });
commit(['commands', 0, 0], submission(WORDCOUNT, 'wordcount'), { type: 'JobQueued', jobId: WORDCOUNT, slotsNeeded: 1 });
commit(['commands', 0, 1], {
  type: 'JobRejected',
  jobId: BROKEN,
  commandId: 'submit-broken',
  code: 'INVALID_GRAPH',
  reason: 'The graph has a cycle.',
});
commit(
  ['status', 3, 0],
  ...registered('tm-1', 2),
  { type: 'SlotAllocated', jobId: WORDCOUNT, taskManagerId: 'tm-1', slot: 0, slotSharingGroup: 'default' },
  { type: 'TaskDeployed', ...task(0, 0), taskManagerId: 'tm-1', slot: 0 },
  { type: 'TaskDeployed', ...task(1, 0), taskManagerId: 'tm-1', slot: 0 },
);
commit(
  ['status', 3, 1],
  { type: 'TaskRunning', ...task(0, 0) },
  { type: 'TaskRunning', ...task(1, 0) },
  { type: 'JobStarted', jobId: WORDCOUNT },
);
commit(
  ['status', 3, 2],
  { type: 'TaskFailed', ...task(1, 0), reason: 'Error: no such word\n    at count (wordcount.mjs:7:9)' },
  {
    type: 'JobRestarting',
    jobId: WORDCOUNT,
    reason: 'Error: no such word',
    restartAt: at() + 1_000,
    regions: [0],
    consecutive: 1,
  },
  { type: 'TaskCancelling', ...task(0, 0) },
);
commit(['status', 3, 3], { type: 'TaskCancelled', ...task(0, 0) });
commit(
  null,
  { type: 'TaskDeployed', ...task(0, 1), taskManagerId: 'tm-1', slot: 0 },
  { type: 'TaskDeployed', ...task(1, 1), taskManagerId: 'tm-1', slot: 0 },
);
commit(
  ['status', 3, 4],
  { type: 'TaskRunning', ...task(0, 1) },
  { type: 'TaskRunning', ...task(1, 1) },
  { type: 'JobStarted', jobId: WORDCOUNT },
);
commit(null, { type: 'LeadershipReleased', leaderId: 'jm-1', reason: 'SIGTERM' });
claim('jm-2');
// The deposed leader's: void.
records.push({
  type: 'Commit',
  epoch: 1,
  seq: 99,
  at: at(),
  causes: [],
  events: [{ type: 'JobFinished', jobId: WORDCOUNT }],
});
commit(null, { type: 'LeadershipConfirmed', leaderId: 'jm-2', restAddress: 'http://127.0.0.1:8082' });
commit(['status', 5, 0], ...registered('tm-2', 1));
commit(null, { type: 'TaskManagerSuspected', taskManagerId: 'tm-2', reason: 'silent for 5000 ms', lostAt: at() + 500 });
commit(null, { type: 'TaskManagerRecovered', taskManagerId: 'tm-2' });
commit(['status', 5, 1], { type: 'TaskManagerReleased', taskManagerId: 'tm-2', reason: 'SIGTERM' });
commit(['status', 6, 2 ** 31], { type: 'InputsConsumed' });
commit(['status', 3, 5], { type: 'TaskFinished', ...task(0, 1) });
commit(
  ['status', 3, 6],
  { type: 'TaskFinished', ...task(1, 1) },
  { type: 'JobFinished', jobId: WORDCOUNT },
  { type: 'SlotReleased', jobId: WORDCOUNT, taskManagerId: 'tm-1', slot: 0 },
);
commit(['commands', 0, 2], submission(FORGOTTEN, 'forgotten'), { type: 'JobQueued', jobId: FORGOTTEN, slotsNeeded: 3 });
commit(
  ['commands', 0, 3],
  { type: 'JobCancelling', jobId: FORGOTTEN },
  { type: 'JobCancelled', jobId: FORGOTTEN },
  {
    type: 'CommandAnswered',
    commandId: 'cancel-1',
    jobId: FORGOTTEN,
    rejection: null,
    message: 'The job is cancelled.',
    path: null,
  },
);
commit(['commands', 0, 4], {
  type: 'CommandAnswered',
  commandId: 'cancel-2',
  jobId: BROKEN,
  rejection: 'UNKNOWN_JOB',
  message: `There is no job ${BROKEN}.`,
  path: null,
});
const DOOMED = '000000000000000000000000000d00ed';
commit(
  ['commands', 0, 5],
  submission(DOOMED, 'doomed'),
  { type: 'SlotAllocated', jobId: DOOMED, taskManagerId: 'tm-1', slot: 1, slotSharingGroup: 'default' },
  { type: 'TaskDeployed', jobId: DOOMED, vertex: 0, subtask: 0, attempt: 0, taskManagerId: 'tm-1', slot: 1 },
  { type: 'TaskDeployed', jobId: DOOMED, vertex: 1, subtask: 0, attempt: 0, taskManagerId: 'tm-1', slot: 1 },
);
commit(null, { type: 'TaskManagerSuspected', taskManagerId: 'tm-1', reason: 'silent for 5000 ms', lostAt: at() + 500 });
commit(
  null,
  { type: 'TaskFailed', jobId: DOOMED, vertex: 0, subtask: 0, attempt: 0, reason: 'TaskManager tm-1 was lost' },
  { type: 'JobFailing', jobId: DOOMED, reason: 'TaskManager tm-1 was lost' },
  { type: 'TaskFailed', jobId: DOOMED, vertex: 1, subtask: 0, attempt: 0, reason: 'TaskManager tm-1 was lost' },
  { type: 'JobFailed', jobId: DOOMED, reason: 'TaskManager tm-1 was lost' },
  { type: 'SlotReleased', jobId: DOOMED, taskManagerId: 'tm-1', slot: 1 },
  { type: 'TaskManagerLost', taskManagerId: 'tm-1', reason: 'silent for 5500 ms' },
);

commit(null, { type: 'JobExpired', jobId: ARCHIVED }, { type: 'TaskManagerRequestExpired', requestId: 'request-1' });
commit(null, {
  type: 'SnapshotTaken',
  snapshotId: '00c0ffef',
  offset: 20,
  eventCount: 2 ** 33 + 40,
  parts: 2,
  bytes: 2 ** 20,
  position: 9,
  dropped: ['00c0ffee'],
});
commit(
  ['commands', 0, 6],
  { type: 'DesiredTaskManagersSet', desired: 2 },
  { type: 'TaskManagerRequested', requestId: 'request-2' },
);
commit(['status', 7, 2 ** 32 + 1], ...registered('tm-3', 2, 'request-2'));

// A job that another service submitted without a graph, and that is checkpointed.
const streamingTask = (vertex: number, attempt: number, subtask = 0) => ({
  jobId: STREAMING,
  vertex,
  subtask,
  attempt,
});
const allocate = (slot: number): ClusterEvent => ({
  type: 'SlotAllocated',
  jobId: STREAMING,
  taskManagerId: 'tm-3',
  slot,
  slotSharingGroup: 'default',
});
const release = (slot: number): ClusterEvent => ({
  type: 'SlotReleased',
  jobId: STREAMING,
  taskManagerId: 'tm-3',
  slot,
});
const deploy = (vertex: number, attempt: number, slot = 0, subtask = 0): ClusterEvent => ({
  type: 'TaskDeployed',
  ...streamingTask(vertex, attempt, subtask),
  taskManagerId: 'tm-3',
  slot,
});
const trigger = (checkpointId: number, purpose: CheckpointPurpose, parallelism = 0): ClusterEvent => ({
  type: 'CheckpointTriggered',
  jobId: STREAMING,
  checkpointId,
  purpose,
  expiresAt: at() + 600_000,
  targetPath: purpose === 'SAVEPOINT' ? `/savepoints/${checkpointId}` : null,
  commandId: purpose === 'PERIODIC' ? null : `checkpoint-${checkpointId}`,
  parallelism,
  drain: false,
  reason: null,
});
const acked = (checkpointId: number, vertex: number, attempt: number, subtask = 0): ClusterEvent => ({
  type: 'CheckpointAcked',
  inputEnded: false,
  ...streamingTask(vertex, attempt, subtask),
  checkpointId,
  handle: `/checkpoints/${checkpointId}/${vertex}-${subtask}`,
  bytes: 2 ** 32,
  ...stored,
});
const done = (checkpointId: number, path: string | null = null): ClusterEvent => ({
  type: 'CommandAnswered',
  commandId: `checkpoint-${checkpointId}`,
  jobId: STREAMING,
  rejection: null,
  message: 'The checkpoint is complete.',
  path,
});
const id = (checkpointId: number) => ({ jobId: STREAMING, checkpointId });
commit(['commands', 0, 7], { ...submission(STREAMING, 'streaming'), graph: null });
commit(
  null,
  {
    type: 'JobPlanned',
    jobId: STREAMING,
    artifact: { sha256: 'e5'.repeat(32), name: 'streaming.ts' },
    graph,
    checkpointing,
  },
  allocate(0),
  deploy(0, 0),
  deploy(1, 0),
);
commit(
  ['status', 3, 7],
  { type: 'TaskRunning', ...streamingTask(0, 0) },
  { type: 'TaskRunning', ...streamingTask(1, 0) },
  { type: 'JobStarted', jobId: STREAMING },
);
commit(null, trigger(1, 'PERIODIC'));
commit(['status', 3, 8], acked(1, 0, 0), acked(1, 1, 0), { type: 'CheckpointCompleted', ...id(1) });
commit(null, trigger(2, 'PERIODIC'));
commit(
  ['status', 3, 9],
  acked(2, 0, 0),
  { type: 'CheckpointDeclined', ...id(2), ...streamingTask(1, 0), reason: 'Error: disk full' },
  { type: 'CheckpointAborted', ...id(2), reason: 'subtask 1/0 declined: Error: disk full', targetPath: null },
);
commit(['commands', 0, 8], trigger(3, 'SAVEPOINT'));
commit(
  ['status', 3, 10],
  acked(3, 0, 0),
  acked(3, 1, 0),
  done(3, '/savepoints/3'),
  { type: 'CheckpointCompleted', ...id(3) },
  { type: 'SavepointCompleted', ...id(3), path: '/savepoints/3' },
);
commit(['commands', 0, 9], trigger(4, 'RESCALE', 2));
commit(
  ['status', 3, 11],
  acked(4, 0, 0),
  acked(4, 1, 0),
  done(4),
  { type: 'CheckpointCompleted', ...id(4) },
  { type: 'JobStopping', ...id(4), purpose: 'RESCALE', parallelism: 2 },
  { type: 'CheckpointSubsumed', ...id(1) },
);
commit(
  ['status', 3, 12],
  { type: 'TaskFinished', ...streamingTask(0, 0) },
  { type: 'TaskFinished', ...streamingTask(1, 0) },
  release(0),
  { type: 'JobRescaled', jobId: STREAMING, parallelisms: [1, 2], wanted: [1, 2], reason: 'a command asked for it' },
  allocate(0),
  allocate(1),
  deploy(0, 1),
  deploy(1, 1),
  deploy(1, 1, 1, 1),
);
commit(
  ['status', 3, 13],
  { type: 'TaskRunning', ...streamingTask(0, 1) },
  { type: 'TaskRunning', ...streamingTask(1, 1) },
  { type: 'TaskRunning', ...streamingTask(1, 1, 1) },
  { type: 'JobStarted', jobId: STREAMING },
);
commit(['commands', 0, 10], trigger(5, 'PAUSE'));
commit(
  ['status', 3, 14],
  acked(5, 0, 1),
  acked(5, 1, 1),
  acked(5, 1, 1, 1),
  done(5),
  { type: 'CheckpointCompleted', ...id(5) },
  { type: 'JobStopping', ...id(5), purpose: 'PAUSE', parallelism: 0 },
  { type: 'CheckpointSubsumed', ...id(4) },
);
commit(
  ['status', 3, 15],
  { type: 'TaskFinished', ...streamingTask(0, 1) },
  { type: 'TaskFinished', ...streamingTask(1, 1) },
  { type: 'TaskFinished', ...streamingTask(1, 1, 1) },
  release(0),
  release(1),
  { type: 'JobPaused', jobId: STREAMING },
);
commit(['commands', 0, 11], { type: 'JobResumed', jobId: STREAMING });
commit(['commands', 0, 12], { type: 'JobCancelling', jobId: STREAMING }, { type: 'JobCancelled', jobId: STREAMING });
commit(null, { type: 'TaskManagerReleasing', taskManagerId: 'tm-3', reason: 'idle for 30000 ms' });
commit(['status', 7, 2 ** 32 + 2], { type: 'TaskManagerReleased', taskManagerId: 'tm-3', reason: 'SIGTERM' });
commit(null, { type: 'TaskManagerLost', taskManagerId: 'tm-0', reason: 'silent for 15000 ms' });

// A job that starts from a savepoint, whose state turns out damaged.
const RESUMED = 'de5cade5cade5cade5cade5cade5cade';
commit(['commands', 0, 100], {
  ...submission(RESUMED, 'resumed'),
  options: { ...options, savepointPath: '/savepoints/3', allowNonRestoredState: true },
});
commit(
  null,
  {
    type: 'RestoreStatesRead',
    jobId: RESUMED,
    states: [
      {
        vertex: 0,
        subtask: 0,
        handle: '/savepoints/3/0-0',
        bytes: 17,
        ...stored,
        metrics: null,
        inputEnded: false,
        ackedAt: 0,
      },
    ],
  },
  {
    type: 'JobRestorePointSet',
    jobId: RESUMED,
    path: '/savepoints/3',
    checkpointId: 3,
    purpose: 'SAVEPOINT',
    triggeredAt: START,
    parallelisms: [1, 0],
  },
);
commit(
  ['status', 3, 100],
  {
    type: 'CheckpointDamaged',
    jobId: RESUMED,
    checkpointId: 3,
    handle: '/savepoints/3/0-0',
    reason: 'its bytes have changed',
  },
  { type: 'JobFailing', jobId: RESUMED, reason: 'no undamaged checkpoint is left' },
  { type: 'JobFailed', jobId: RESUMED, reason: 'no undamaged checkpoint is left' },
);

/** Every record, in order. */
export const STORY: readonly LedgerRecord[] = records;

/** One key an event type, so that a type that is new does not compile until the story is told anew. */
const EVENTS: Readonly<Record<ClusterEvent['type'], true>> = {
  LeadershipConfirmed: true,
  LeadershipReleased: true,
  TaskManagerRegistered: true,
  SlotOffered: true,
  TaskManagerSuspected: true,
  TaskManagerRecovered: true,
  TaskManagerLost: true,
  TaskManagerReleased: true,
  JobSubmitted: true,
  JobRejected: true,
  JobQueued: true,
  JobStarted: true,
  JobRestarting: true,
  JobCancelling: true,
  JobCancelled: true,
  JobFailing: true,
  JobFailed: true,
  JobFinished: true,
  SlotAllocated: true,
  SlotReleased: true,
  TaskDeployed: true,
  TaskRunning: true,
  TaskFinished: true,
  TaskCancelling: true,
  TaskCancelled: true,
  TaskFailed: true,
  CommandAnswered: true,
  InputsConsumed: true,
  JobPlanned: true,
  JobStopping: true,
  JobPaused: true,
  JobResumed: true,
  JobRescaled: true,
  JobExpired: true,
  CheckpointTriggered: true,
  CheckpointAcked: true,
  CheckpointDeclined: true,
  CheckpointCompleted: true,
  CheckpointAborted: true,
  CheckpointSubsumed: true,
  SavepointCompleted: true,
  TaskManagerRequested: true,
  TaskManagerRequestExpired: true,
  TaskManagerReleasing: true,
  DesiredTaskManagersSet: true,
  ClusterRestored: true,
  TaskManagerRestored: true,
  JobRestored: true,
  SubtasksRestored: true,
  CheckpointsRestored: true,
  CheckpointStatesRestored: true,
  AnswerRestored: true,
  SnapshotTaken: true,
  CheckpointDamaged: true,
  RestoreStatesRead: true,
  JobRestorePointSet: true,
};

/** Event types that the story does not tell of. */
export function untold(): string[] {
  const told = new Set(
    STORY.flatMap((record) => (record.type === 'Commit' ? record.events.map((event) => event.type) : [])),
  );
  return Object.keys(EVENTS).filter((type) => !told.has(type as ClusterEvent['type']));
}
