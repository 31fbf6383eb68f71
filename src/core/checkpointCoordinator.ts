// CheckpointCoordinator: one job's checkpoints and savepoints, from trigger to subsumption. A checkpoint is complete once every subtask that
// was RUNNING at its trigger has acked and its manifest is written; since the acks are in the ledger, one begun under a leader completes under
// the next, which writes the manifest, the same one, if need be again.
import type { Checkpoints, CompletedCheckpoint, PendingCheckpoint } from './checkpointState.ts';
import { CorruptLedger } from './errors.ts';
import { findAttempt, subtasksIn } from './executionGraph.ts';
import type { CheckpointPurpose, CheckpointReport, ClusterEvent } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';

/** Savepoints that a job remembers; they are their owner's and are never dropped. */
const MAX_SAVEPOINTS = 16;
/** Characters of a reason that are kept. */
export const MAX_REASON_CHARS = 1_000;
/** How long a savepoint may take where the job has no checkpointing of its own, in ms. */
const SAVEPOINT_TIMEOUT_MS = 600_000;
/** Failed checkpoints that a job remembers. */
const MAX_FAILED = 10;
/** Complete checkpoints kept where nothing else is said. */
const DEFAULT_RETAINED = 1;

export type CheckpointEvent = Extract<
  ClusterEvent,
  {
    type:
      | 'CheckpointTriggered'
      | 'CheckpointAcked'
      | 'CheckpointDeclined'
      | 'CheckpointCompleted'
      | 'CheckpointAborted'
      | 'CheckpointSubsumed'
      | 'SavepointCompleted';
  }
>;

/** The parallelism of a RESCALE that leaves open how many slots there will be: as many as the job wants, or as there are. */
export const PLACE_ANEW = 0;

/** A checkpoint or savepoint that somebody asked for. */
export interface CheckpointRequest {
  readonly purpose: CheckpointPurpose;
  /** Null: the scheduler asks for it. */
  readonly commandId: string | null;
  readonly targetPath: string | null;
  readonly parallelism: number;
  readonly drain?: boolean;
  /** Why the scheduler asks for it. */
  readonly reason?: string;
}

export function noCheckpoints(): Checkpoints {
  return {
    nextId: 1,
    pending: new Map(),
    completed: [],
    savepoints: [],
    lastTriggeredAt: 0,
    lastEndedAt: 0,
    consecutiveFailures: 0,
    counts: { completed: 0, failed: 0 },
    restored: null,
    restoring: [],
    damaged: [],
    failures: [],
  };
}

export function triggered(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  request: CheckpointRequest | null,
): CheckpointEvent {
  return {
    type: 'CheckpointTriggered',
    jobId: job.id,
    checkpointId: job.checkpoints.nextId,
    purpose: request?.purpose ?? 'PERIODIC',
    expiresAt: state.at + (job.options.checkpointing?.timeoutMs ?? SAVEPOINT_TIMEOUT_MS),
    targetPath: request?.targetPath ?? null,
    commandId: request?.commandId ?? null,
    parallelism: request?.parallelism ?? 0,
    drain: request?.drain ?? false,
    reason: request?.reason ?? null,
  };
}

/** Late and repeated answers are normal after a failover: accepted, and nothing changes. */
export function* decideReport(job: Readonly<Job>, report: CheckpointReport): Generator<CheckpointEvent> {
  const pending = job.checkpoints.pending.get(report.checkpointId);
  if (pending === undefined) return;
  const { jobId, checkpointId } = report;
  for (const ack of report.acks) {
    const { vertex, subtask, attempt } = ack;
    const task = findAttempt(job, { vertex, subtask, attempt });
    if (task === undefined || !pending.waitingFor.has(task)) continue;
    yield { type: 'CheckpointAcked', jobId, checkpointId, ...ack };
  }
  for (const { vertex, subtask, attempt, reason } of report.declines) {
    const task = findAttempt(job, { vertex, subtask, attempt });
    if (task === undefined || !pending.waitingFor.has(task) || pending.broken !== null) continue;
    yield {
      type: 'CheckpointDeclined',
      jobId,
      checkpointId,
      vertex,
      subtask,
      attempt,
      reason: reason.slice(0, MAX_REASON_CHARS),
    };
  }
}

/** The manifest is written: with that the checkpoint is complete. One that has ended meanwhile stays as it is. */
export function* decideStored(job: Readonly<Job>, checkpointId: number): Generator<ClusterEvent> {
  const pending = job.checkpoints.pending.get(checkpointId);
  if (pending !== undefined && isAcked(pending)) yield* complete(job, pending);
}

/** Every subtask has acked: it waits for its manifest. */
export function isAcked(pending: Readonly<PendingCheckpoint>): boolean {
  return pending.waitingFor.size === 0 && pending.broken === null;
}

function* complete(job: Readonly<Job>, pending: Readonly<PendingCheckpoint>): Generator<ClusterEvent> {
  const id = { jobId: job.id, checkpointId: pending.id };
  const { purpose, commandId, targetPath } = pending;
  // The answer first: where only it reached the log, the next leader completes the checkpoint and answers again.
  if (commandId !== null) {
    const message = `${purpose.toLowerCase()} of job ${job.id}: checkpoint ${pending.id} is complete`;
    // Its place in the checkpoint storage, where it is no savepoint.
    const path = targetPath ?? `${job.id}/chk-${pending.id}`;
    yield { type: 'CommandAnswered', commandId, jobId: job.id, rejection: null, message, path };
  }
  yield { type: 'CheckpointCompleted', ...id };
  if (purpose === 'SAVEPOINT' || purpose === 'STOP')
    yield { type: 'SavepointCompleted', ...id, path: targetPath ?? '' };
  if (purpose !== 'PERIODIC' && purpose !== 'SAVEPOINT') {
    yield { type: 'JobStopping', ...id, purpose, parallelism: pending.parallelism };
  }
  yield* subsume(job);
}

/** Drops complete checkpoints beyond those retained, oldest first. */
export function* subsume(job: Readonly<Job>): Generator<CheckpointEvent> {
  const retained = Math.max(1, job.options.checkpointing?.retained ?? DEFAULT_RETAINED);
  while (job.checkpoints.completed.length > retained) {
    const oldest = job.checkpoints.completed[0];
    if (oldest === undefined) return;
    yield { type: 'CheckpointSubsumed', jobId: job.id, checkpointId: oldest.id };
  }
}

export function evolveCheckpoint(state: ClusterState, event: CheckpointEvent): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined) throw new CorruptLedger(`${event.type} names job ${event.jobId}, which does not exist`);
  const { checkpoints } = job;
  if (event.type === 'CheckpointTriggered') {
    const { checkpointId: id, purpose, expiresAt, targetPath, commandId, parallelism, drain } = event;
    checkpoints.nextId = id + 1;
    checkpoints.lastTriggeredAt = state.at;
    if (purpose === 'RESCALE') job.rescheduledAt = state.at;
    checkpoints.pending.set(id, {
      id,
      purpose,
      triggeredAt: state.at,
      expiresAt,
      targetPath,
      commandId,
      parallelism,
      drain,
      waitingFor: new Set(subtasksIn(job, 'RUNNING')),
      states: [],
      broken: null,
    });
    return;
  }
  if (event.type === 'CheckpointSubsumed') {
    const index = checkpoints.completed.findIndex(({ id }) => id === event.checkpointId);
    if (index === -1)
      throw new CorruptLedger(
        `CheckpointSubsumed names checkpoint ${event.checkpointId}, which job ${job.id} does not keep`,
      );
    checkpoints.completed.splice(index, 1);
    return;
  }
  // Its CheckpointCompleted has said everything that is remembered of it.
  if (event.type === 'SavepointCompleted') return;
  const pending = checkpoints.pending.get(event.checkpointId);
  if (pending === undefined)
    throw new CorruptLedger(
      `${event.type} names checkpoint ${event.checkpointId}, which is not under way for job ${job.id}`,
    );
  switch (event.type) {
    case 'CheckpointAcked': {
      const { type: _, jobId: __, checkpointId: ___, attempt: ____, ...stored } = event;
      const task = findAttempt(job, event);
      if (task === undefined || !pending.waitingFor.delete(task))
        throw new CorruptLedger(`CheckpointAcked by a subtask that checkpoint ${pending.id} does not wait for`);
      pending.states.push({ ...stored, ackedAt: state.at });
      return;
    }
    case 'CheckpointDeclined':
      pending.broken ??= `subtask ${event.vertex}/${event.subtask} declined: ${event.reason}`;
      return;
    case 'CheckpointCompleted':
      if (pending.waitingFor.size > 0)
        throw new CorruptLedger(`CheckpointCompleted while ${pending.waitingFor.size} subtasks have not acked`);
      return remember(state, job, pending);
    case 'CheckpointAborted':
      checkpoints.pending.delete(pending.id);
      checkpoints.lastEndedAt = state.at;
      checkpoints.counts.failed++;
      rememberFailure(state, job, pending, event.reason);
      if (pending.purpose === 'PERIODIC' && job.status.kind === 'RUNNING' && !lostTasks(pending))
        checkpoints.consecutiveFailures++;
      return;
    default:
      event satisfies never;
  }
}

function rememberFailure(state: ClusterState, { checkpoints }: Job, pending: PendingCheckpoint, reason: string): void {
  const { id, purpose, triggeredAt, states, waitingFor } = pending;
  const subtasks = states.length + waitingFor.size;
  checkpoints.failures.push({ id, purpose, triggeredAt, failedAt: state.at, reason, acked: states.length, subtasks });
  if (checkpoints.failures.length > MAX_FAILED) checkpoints.failures.shift();
}

/** Tasks ended before they had acked, as they may: the checkpoint is void, and nothing is wrong with checkpointing. */
function lostTasks(pending: Readonly<PendingCheckpoint>): boolean {
  for (const subtask of pending.waitingFor) if (subtask.state !== 'RUNNING') return true;
  return false;
}

function remember(state: ClusterState, job: Job, pending: PendingCheckpoint): void {
  const { checkpoints } = job;
  checkpoints.pending.delete(pending.id);
  checkpoints.lastEndedAt = state.at;
  checkpoints.consecutiveFailures = 0;
  checkpoints.counts.completed++;
  const done: CompletedCheckpoint = {
    id: pending.id,
    purpose: pending.purpose,
    triggeredAt: pending.triggeredAt,
    completedAt: state.at,
    path: pending.targetPath,
    bytes: pending.states.reduce((sum, { bytes }) => sum + bytes, 0),
    parallelisms: job.vertices.map((vertex) => vertex.subtasks.length),
    states: pending.states,
  };
  if (pending.purpose === 'SAVEPOINT' || pending.purpose === 'STOP') {
    checkpoints.savepoints.push(done);
    if (checkpoints.savepoints.length > MAX_SAVEPOINTS) checkpoints.savepoints.shift();
    return;
  }
  checkpoints.completed.push(done);
  // With several under way an older one may complete later; recovery takes the newest.
  checkpoints.completed.sort((a, b) => a.id - b.id);
}
