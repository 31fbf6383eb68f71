// Sound messages that a stranger may write, to be bent: of jobs that may exist, and of a TaskManager and a JobManager that do not.
import type { Message } from '../../src/core/messages.ts';
import { submitJob } from '../jobmanager/harness.ts';
import { deployment } from '../taskmanager/stage.ts';

export const worker = submitJob(1, 2);
export const victim = submitJob(2);
const other = submitJob(3);
const ids = { commandId: 'c', jobId: victim.jobId };
const attempt = {
  ...{ jobId: worker.jobId, vertex: 0, subtask: 0, attempt: 0, recordsIn: 1, recordsOut: 1 },
  state: 'FAILED',
  reason: 'r',
} as const;
export const checkpointing = {
  intervalMs: 100,
  minPauseMs: 0,
  timeoutMs: 100,
  maxConcurrent: 1,
  toleratedFailures: 0,
  retained: 1,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};
export const restartStrategy = {
  kind: 'EXPONENTIAL_DELAY',
  attempts: -1,
  delayMs: 100,
  maxDelayMs: 100,
  backoffMultiplier: 2,
  resetAfterMs: 1,
  maxFailures: 1,
  intervalMs: 1,
} as const;
export const COMMANDS: readonly Message[] = [
  other,
  { ...other, options: { ...other.options, checkpointing, restartStrategy, startAt: 5, parentJobId: victim.jobId } },
  { ...other, graph: null, args: ['a'] },
  { type: 'CancelJob', ...ids },
  { type: 'RescaleJob', ...ids, parallelism: 2 },
  { type: 'StopWithSavepoint', ...ids, targetPath: '/x', drain: false },
  { type: 'SetDesiredTaskManagers', commandId: 'd', desired: 1 },
];
const register = {
  type: 'RegisterTaskManager',
  taskManagerId: 'stranger',
  ...{ pid: 1, host: 'h', dataPort: 1, slots: 1, managedMemoryBytes: 1, registration: 1, requestId: null },
  attempts: [attempt],
} as const;
export const STATUS: readonly Message[] = [
  register,
  { type: 'TaskReport', taskManagerId: 'stranger', attempts: [attempt] },
  {
    type: 'CheckpointReport',
    taskManagerId: 'stranger',
    jobId: worker.jobId,
    checkpointId: 1,
    acks: [
      {
        vertex: 0,
        subtask: 0,
        attempt: 0,
        handle: 'h',
        bytes: 1,
        shared: ['s'],
        operators: [1],
        metrics: null,
        inputEnded: false,
      },
    ],
    declines: [{ vertex: 0, subtask: 0, attempt: 0, reason: 'r' }],
    damaged: [{ vertex: 0, subtask: 0, attempt: 0, handle: 'h', reason: 'r' }],
  },
  { type: 'TaskManagerStopping', taskManagerId: 'stranger', reason: 'r' },
];
export const SIGNALS: readonly Message[] = [
  {
    type: 'TaskManagerHeartbeat',
    taskManagerId: 'stranger',
    pid: 1,
    cpuLoad: 0.5,
    usedHeapBytes: 1,
    memory: null,
    metrics: [],
    attempts: [attempt],
  },
  {
    type: 'JobManagerHeartbeat',
    jobManagerId: 'x',
    pid: 1,
    restAddress: 'http://h:1',
    role: 'leader',
    epoch: 9,
    offset: 1,
  },
];

/** The TaskManager and the job of assignments that nobody made. */
const OTHER = { epoch: 1, taskManagerId: 'stranger', jobId: 'f'.repeat(32) };
export const ASSIGNMENTS: readonly Message[] = [
  deployment(OTHER.taskManagerId, 2, { jobId: OTHER.jobId }),
  { type: 'CancelTasks', ...OTHER, tasks: [{ vertex: 0, subtask: 0, attempt: 0 }] },
  {
    type: 'TriggerCheckpoint',
    ...OTHER,
    checkpointId: 1,
    purpose: 'PERIODIC',
    targetPath: null,
    timestamp: 1,
    tasks: [{ vertex: 0, subtask: 0, attempt: 0 }],
    drain: false,
    unalignedAt: null,
  },
  { type: 'RegistrationAccepted', epoch: 1, taskManagerId: OTHER.taskManagerId },
];
