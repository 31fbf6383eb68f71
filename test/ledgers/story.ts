// The story that a recorded ledger tells, written by hand: it is coherent (core folds it) and holds an event of every type and a record
// that does not count. `EVENTS` makes the compiler ask for an event type that is new; then add it to the story as well.
import type { LedgerRecord } from '../../src/core/ledger.ts';
import type { ClusterEvent, JobGraph } from '../../src/core/schema.gen.ts';

const START = Date.UTC(2026, 0, 1);
const WORDCOUNT = '0123456789abcdef0123456789abcdef';
const FORGOTTEN = 'fedcba9876543210fedcba9876543210';
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
    },
    {
      id: 'b1'.repeat(16),
      name: 'count → print',
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [{ uid: 'count', name: 'count' }],
      inputs: [{ source: 0, strategy: 'HASH' }],
    },
  ],
  hash: 'c2'.repeat(32),
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
});
const task = (vertex: number, attempt: number) => ({ jobId: WORDCOUNT, vertex, subtask: 0, attempt });
const registered = (taskManagerId: string, slots: number): ClusterEvent[] => [
  {
    type: 'TaskManagerRegistered',
    taskManagerId,
    pid: 4711,
    host: '127.0.0.1',
    dataPort: 40_001,
    slots,
    managedMemoryBytes: slots * 2 ** 31,
    strays: [],
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
  { type: 'JobRestarting', jobId: WORDCOUNT, reason: 'Error: no such word', restartAt: at() + 1_000 },
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
  },
);
commit(['commands', 0, 4], {
  type: 'CommandAnswered',
  commandId: 'cancel-2',
  jobId: BROKEN,
  rejection: 'UNKNOWN_JOB',
  message: `There is no job ${BROKEN}.`,
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
};

/** Event types that the story does not tell of. */
export function untold(): string[] {
  const told = new Set(
    STORY.flatMap((record) => (record.type === 'Commit' ? record.events.map((event) => event.type) : [])),
  );
  return Object.keys(EVENTS).filter((type) => !told.has(type as ClusterEvent['type']));
}
