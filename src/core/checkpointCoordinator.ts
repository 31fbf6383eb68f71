// CheckpointCoordinator: one job's checkpoints and savepoints, from trigger to subsumption. A checkpoint is complete once every subtask that
// was RUNNING at its trigger has acked; since all of that is in the ledger, one begun under a leader completes under the next.
import { CorruptLedger } from './errors.ts';
import { countOf, findAttempt, subtasksIn } from './executionGraph.ts';
import type { CheckpointPurpose, CheckpointReport, ClusterEvent } from './schema.gen.ts';
import type { Checkpoints, ClusterState, CompletedCheckpoint, Job, PendingCheckpoint } from './state.ts';

/** Savepoints that a job remembers; they are their owner's and are never dropped. */
const MAX_SAVEPOINTS = 16;
/** How long a savepoint may take where the job has no checkpointing of its own, in ms. */
const SAVEPOINT_TIMEOUT_MS = 600_000;
/** Complete checkpoints kept where the job has no checkpointing of its own. */
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

/** A savepoint that somebody asked for. */
export interface SavepointRequest {
  readonly purpose: Exclude<CheckpointPurpose, 'PERIODIC'>;
  /** Null: the scheduler asks for it. */
  readonly commandId: string | null;
  readonly targetPath: string | null;
  readonly parallelism: number;
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
  };
}

/** Every task runs: only then can a barrier reach all of them. */
export function canCheckpoint(job: Readonly<Job>): boolean {
  return (
    job.status.kind === 'RUNNING' &&
    job.live > 0 &&
    countOf(job, 'RUNNING') === job.live &&
    countOf(job, 'FINISHED') === 0
  );
}

/** When the next periodic checkpoint is due, Unix ms; null where none can be. */
export function checkpointDueAt(job: Readonly<Job>): number | null {
  const config = job.options.checkpointing;
  if (config === null || !canCheckpoint(job)) return null;
  let periodic = 0;
  for (const { purpose } of job.checkpoints.pending.values()) {
    if (purpose === 'PERIODIC') periodic++;
    // Nothing is processed behind its barrier.
    else if (purpose !== 'SAVEPOINT') return null;
  }
  if (periodic >= config.maxConcurrent) return null;
  const { lastTriggeredAt, lastEndedAt } = job.checkpoints;
  // The first is spread over the interval by the job's id, so that jobs started together do not checkpoint together.
  const start =
    (job.timestamps.RUNNING ?? 0) + (Number.parseInt(job.id.slice(0, 6), 16) % Math.max(1, config.intervalMs));
  return Math.max(lastTriggeredAt === 0 ? start : lastTriggeredAt + config.intervalMs, lastEndedAt + config.minPauseMs);
}

/** When something is due for the job's checkpoints, Unix ms, or null. */
export function checkpointDeadline(job: Readonly<Job>): number | null {
  let next = checkpointDueAt(job);
  for (const { expiresAt } of job.checkpoints.pending.values()) if (next === null || expiresAt < next) next = expiresAt;
  return next;
}

export function triggered(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  request: SavepointRequest | null,
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
    reason: request?.reason ?? null,
  };
}

/** Late and repeated answers are normal after a failover: accepted, and nothing changes. */
export function* decideReport(job: Readonly<Job>, report: CheckpointReport): Generator<CheckpointEvent> {
  const pending = job.checkpoints.pending.get(report.checkpointId);
  if (pending === undefined) return;
  const { jobId, checkpointId } = report;
  for (const { vertex, subtask, attempt, handle, bytes } of report.acks) {
    const task = findAttempt(job, { vertex, subtask, attempt });
    if (task === undefined || !pending.waitingFor.has(task)) continue;
    yield { type: 'CheckpointAcked', jobId, checkpointId, vertex, subtask, attempt, handle, bytes };
  }
  for (const { vertex, subtask, attempt, reason } of report.declines) {
    const task = findAttempt(job, { vertex, subtask, attempt });
    if (task === undefined || !pending.waitingFor.has(task) || pending.broken !== null) continue;
    yield { type: 'CheckpointDeclined', jobId, checkpointId, vertex, subtask, attempt, reason: reason.slice(0, 1_000) };
  }
}

/** Ends what is complete, broken or overdue. The caller triggers new ones and carries out what a savepoint was for. */
export function* decidePending(state: Readonly<ClusterState>, job: Readonly<Job>): Generator<ClusterEvent> {
  for (const pending of [...job.checkpoints.pending.values()]) {
    if (pending.waitingFor.size === 0) yield* complete(job, pending);
    else if (pending.broken !== null) yield* abort(job, pending, pending.broken);
    else if (pending.expiresAt <= state.at) {
      yield* abort(
        job,
        pending,
        `not complete after ${state.at - pending.triggeredAt} ms: ${pending.waitingFor.size} subtasks had not acked`,
      );
    }
  }
}

/** Aborts everything under way, because the job does not run any more. */
export function* abortAll(job: Readonly<Job>, reason: string): Generator<ClusterEvent> {
  for (const pending of [...job.checkpoints.pending.values()]) yield* abort(job, pending, reason);
}

function* complete(job: Readonly<Job>, pending: Readonly<PendingCheckpoint>): Generator<ClusterEvent> {
  const id = { jobId: job.id, checkpointId: pending.id };
  const { purpose, commandId, targetPath } = pending;
  // The answer first: where only it reached the log, the next leader completes the checkpoint and answers again.
  if (commandId !== null) {
    const message = `${purpose.toLowerCase()} of job ${job.id}: checkpoint ${pending.id} is complete`;
    yield { type: 'CommandAnswered', commandId, jobId: job.id, rejection: null, message, path: targetPath };
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

function* abort(job: Readonly<Job>, pending: Readonly<PendingCheckpoint>, reason: string): Generator<ClusterEvent> {
  if (pending.commandId !== null) {
    yield {
      type: 'CommandAnswered',
      commandId: pending.commandId,
      jobId: job.id,
      rejection: 'SAVEPOINT_FAILED',
      message: `the savepoint of job ${job.id} failed: ${reason}; the job goes on`,
      path: null,
    };
  }
  yield { type: 'CheckpointAborted', jobId: job.id, checkpointId: pending.id, reason };
}

/** More checkpoints failed in a row than the job tolerates. */
export function toleratesNoMore(job: Readonly<Job>): boolean {
  const config = job.options.checkpointing;
  return config !== null && job.checkpoints.consecutiveFailures > config.toleratedFailures;
}

/** What a new run starts from: the newest complete checkpoint that the job owns. */
export function restorePoint(job: Readonly<Job>): CompletedCheckpoint | null {
  return job.checkpoints.completed.at(-1) ?? null;
}

export function evolveCheckpoint(state: ClusterState, event: CheckpointEvent): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined) throw new CorruptLedger(`${event.type} names job ${event.jobId}, which does not exist`);
  const { checkpoints } = job;
  if (event.type === 'CheckpointTriggered') {
    const { checkpointId: id, purpose, expiresAt, targetPath, commandId, parallelism } = event;
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
      const { vertex, subtask, handle, bytes } = event;
      const task = findAttempt(job, event);
      if (task === undefined || !pending.waitingFor.delete(task))
        throw new CorruptLedger(`CheckpointAcked by a subtask that checkpoint ${pending.id} does not wait for`);
      pending.states.push({ vertex, subtask, handle, bytes });
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
      if (pending.purpose === 'PERIODIC' && job.status.kind === 'RUNNING' && !lostTasks(pending))
        checkpoints.consecutiveFailures++;
      return;
    default:
      event satisfies never;
  }
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
