// Dynamic scheduling (`jobmanager.scheduler: dynamic`): a job that finds fewer slots than it wants starts with what there is, and a running
// one is placed anew when slots have come or TaskManagers are crowded. A running job moves behind a savepoint of its own, so nothing is
// processed twice. It never flaps: slots must have been stable for a while, a job rests after each move, one job moves at a time, and
// only for a gain above a threshold; since no TaskManager becomes as full as the one that was left, moves for slots come to an end.
import { PLACE_ANEW, triggered } from './checkpointCoordinator.ts';
import { canCheckpoint } from './checkpointSchedule.ts';
import type { DynamicPolicy, Policy } from './inputs.ts';
import { prospectOf } from './placement.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { freeSlots, usableSlotsOf } from './slotPool.ts';
import type { ClusterState, Job } from './state.ts';

/** How often running jobs are looked at, in ms of the ledger's time. */
const REVIEW_INTERVAL_MS = 1_000;
/** A job is moved because of measured load alone, which is an estimate, after so many cool-downs only. */
const LOAD_COOLDOWNS = 10;

/** Slots that the job needs with these parallelisms: of each slot sharing group as many as its widest vertex has subtasks. */
export function slotsNeeded(job: Readonly<Job>, parallelisms: readonly number[]): number {
  const widths = new Map<string, number>();
  for (const { index, info } of job.vertices) {
    const group = info.slotSharingGroup;
    widths.set(group, Math.max(widths.get(group) ?? 0, parallelisms[index] ?? 1));
  }
  return [...widths.values()].reduce((sum, width) => sum + width, 0);
}

/**
 * The largest parallelisms up to the wanted ones that `slots` are enough for, or null where not even 1 each is possible. All vertices have
 * one upper limit, so that those that must be equal (FORWARD, co-located) stay so.
 */
export function fittingParallelisms(job: Readonly<Job>, slots: number): number[] | null {
  const wanted = job.wantedParallelisms;
  const capped = (limit: number) => wanted.map((parallelism) => Math.min(parallelism, limit));
  let fits = 0;
  let tooWide = Math.max(...wanted) + 1;
  while (tooWide - fits > 1) {
    const limit = (fits + tooWide) >> 1;
    if (slotsNeeded(job, capped(limit)) <= slots) fits = limit;
    else tooWide = limit;
  }
  return fits === 0 ? null : capped(fits);
}

export function currentParallelisms(job: Readonly<Job>): number[] {
  return job.vertices.map(({ subtasks }) => subtasks.length);
}

/** Subtasks that the job lacks of those it wants. */
export function subtasksLacking(job: Readonly<Job>): number {
  return job.wantedParallelisms.reduce(
    (sum, parallelism, index) => sum + parallelism - (job.vertices[index]?.subtasks.length ?? 0),
    0,
  );
}

/** Since when the job could have had its slots, Unix ms: a TaskManager that failed may yet come back. */
function shortSince(state: Readonly<ClusterState>, job: Readonly<Job>): number {
  const { status, timestamps, options, submittedAt } = job;
  // A restart with fewer slots is itself no reason to wait again.
  if (status.kind === 'RESTARTING') return job.failures.at(-1)?.at ?? timestamps.RESTARTING ?? submittedAt;
  const parentEnded = state.jobs.get(options.parentJobId ?? '')?.timestamps.FINISHED ?? 0;
  return Math.max(timestamps.CREATED ?? submittedAt, options.startAt ?? 0, parentEnded);
}

/** What an unaligned checkpoint found in flight can be restored at the same parallelism only. */
function mayShrink({ checkpoints }: Readonly<Job>): boolean {
  const point = checkpoints.completed.at(-1) ?? checkpoints.restored;
  return point?.states.every(({ metrics }) => (metrics?.persistedBytes ?? 0) === 0) ?? true;
}

/** When a job that is short of slots starts with fewer, Unix ms; null: never. */
export function startsSmallerAt(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): number | null {
  const { status } = job;
  if (policy.dynamic === null || (status.kind !== 'CREATED' && status.kind !== 'RESTARTING')) return null;
  if (!mayShrink(job)) return null;
  if (status.queuedFor === null) return null;
  return shortSince(state, job) + policy.dynamic.startTimeoutMs;
}

/** The parallelisms that a job of which nothing runs is to start with, where they are not those that it has. */
export function adaptedParallelisms(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  free: number,
): number[] | null {
  if (policy.dynamic === null || job.live > 0 || !mayShrink(job)) return null;
  const now = currentParallelisms(job);
  const slots = usableSlotsOf(state, job).length + free;
  if (slotsNeeded(job, now) <= slots && subtasksLacking(job) === 0) return null;
  const fitting = fittingParallelisms(job, slots);
  if (fitting === null || fitting.every((parallelism, index) => parallelism === now[index])) return null;
  const smaller = fitting.some((parallelism, index) => parallelism < (now[index] ?? 0));
  if (smaller && shortSince(state, job) + policy.dynamic.startTimeoutMs > state.at) return null;
  return fitting;
}

/**
 * Why the whole job is to start anew with fewer slots: some of its regions run, and others have waited too long for slots. Only where it
 * has checkpoints to start from.
 */
export function reasonToShrink(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  free: number,
): string | null {
  if (policy.dynamic === null || job.live === 0 || job.options.checkpointing === null || !mayShrink(job)) return null;
  if (job.status.kind !== 'RESTARTING' || shortSince(state, job) + policy.dynamic.startTimeoutMs > state.at)
    return null;
  const needed = slotsNeeded(job, currentParallelisms(job));
  const slots = usableSlotsOf(state, job).length + free;
  if (needed <= slots || fittingParallelisms(job, slots) === null) return null;
  return `the job needs ${needed} slots and ${slots} are there: it starts anew with fewer subtasks`;
}

/** Has one running job placed anew, if that is worth it. The slots that it gets are chosen when its tasks have ended. */
export function* decideReview(state: Readonly<ClusterState>, policy: Policy): Generator<ClusterEvent> {
  const { dynamic } = policy;
  if (dynamic === null || stableFrom(state, dynamic) > state.at) return;
  for (const job of state.jobs.values()) if (isMoving(job)) return;
  for (const job of state.jobs.values()) {
    if (!canMove(job) || restsUntil(job, dynamic) > state.at) continue;
    const reason = reasonToGrow(state, job) ?? reasonToMove(state, job, policy, dynamic);
    if (reason === null) continue;
    const request = { purpose: 'RESCALE', commandId: null, targetPath: null, parallelism: PLACE_ANEW, reason } as const;
    yield triggered(state, job, request);
    return;
  }
}

/** When the next review is due, Unix ms; null where no job could be moved. */
export function reviewDueAt(state: Readonly<ClusterState>, policy: Policy): number | null {
  if (policy.dynamic === null) return null;
  for (const job of state.jobs.values()) {
    if (canMove(job)) return (Math.floor(state.at / REVIEW_INTERVAL_MS) + 1) * REVIEW_INTERVAL_MS;
  }
  return null;
}

/** From when on the TaskManagers have been the same for long enough; never while one is suspected. */
function stableFrom(state: Readonly<ClusterState>, { stabilizationMs }: DynamicPolicy): number {
  let since = 0;
  for (const { status, registeredAt } of state.taskManagers.values()) {
    if (status.kind === 'suspected') return Number.POSITIVE_INFINITY;
    since = Math.max(since, registeredAt);
  }
  return since + stabilizationMs;
}

function isMoving({ status, checkpoints }: Readonly<Job>): boolean {
  if (status.kind === 'STOPPING') return status.purpose === 'RESCALE';
  for (const { purpose } of checkpoints.pending.values()) if (purpose === 'RESCALE') return true;
  return false;
}

/** It runs, and can be stopped and started without loss. */
export function canMove(job: Readonly<Job>): boolean {
  if (job.options.checkpointing === null || !canCheckpoint(job)) return false;
  for (const { purpose } of job.checkpoints.pending.values()) if (purpose !== 'PERIODIC') return false;
  return true;
}

/** Free slots are of use to it, now or when it has been moved: a TaskManager that goes meanwhile would be missing when its tasks start anew. */
export function usesMoreSlots(job: Readonly<Job>): boolean {
  if (job.options.checkpointing === null) return false;
  if (job.status.kind === 'STOPPING') return job.status.purpose === 'RESCALE';
  for (const { purpose } of job.checkpoints.pending.values())
    if (purpose !== 'PERIODIC' && purpose !== 'SAVEPOINT' && purpose !== 'RESCALE') return false;
  return canCheckpoint(job);
}

function restsUntil(job: Readonly<Job>, { cooldownMs }: DynamicPolicy): number {
  return Math.max(job.rescheduledAt, job.timestamps.RUNNING ?? 0) + cooldownMs;
}

/** Slots have come that the job lacks, and no waiting job needs them. */
function reasonToGrow(state: Readonly<ClusterState>, job: Readonly<Job>): string | null {
  if (subtasksLacking(job) === 0) return null;
  for (const jobId of state.queue) {
    const status = state.jobs.get(jobId)?.status;
    if (status !== undefined && 'queuedFor' in status && status.queuedFor !== null) return null;
  }
  const free = freeSlots(state).length;
  const fitting = fittingParallelisms(job, usableSlotsOf(state, job).length + free) ?? [];
  const now = currentParallelisms(job);
  if (!fitting.some((parallelism, index) => parallelism > (now[index] ?? 0))) return null;
  return `${free} slots are free: parallelism grows from ${Math.max(...now)} to ${Math.max(...fitting)} of ${Math.max(...job.wantedParallelisms)} wanted`;
}

/** One of its TaskManagers is much fuller, or busier, than any would be if the job were placed anew. */
function reasonToMove(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  dynamic: DynamicPolicy,
): string | null {
  if (policy.loadBalance === 'none' || job.slots.size === 0 || !couldGain(state, policy, dynamic)) return null;
  const { slots, now, then } = prospectOf(state, job, job.slots.size, policy);
  if (slots.length < job.slots.size || now.pressure - then.pressure < dynamic.minGain) return null;
  if (now.used - then.used >= dynamic.minGain)
    return `TaskManager ${now.on} is crowded: ${percent(now.used)} of its slots are in use, elsewhere at most ${percent(then.used)} would be`;
  if (job.rescheduledAt === 0 || job.rescheduledAt + LOAD_COOLDOWNS * dynamic.cooldownMs <= state.at)
    return `TaskManager ${now.on} is overloaded: its load is ${percent(now.pressure)}, elsewhere at most ${percent(then.pressure)} is expected`;
  return null;
}

/** No job gains more than the fullest TaskManager has above the emptiest. */
function couldGain(state: Readonly<ClusterState>, { load }: Policy, { minGain }: DynamicPolicy): boolean {
  let fullest = 0;
  let emptiest = 1;
  for (const { id, status, usedSlots, slots } of state.taskManagers.values()) {
    if (status.kind !== 'registered' || slots.length === 0) continue;
    fullest = Math.max(fullest, usedSlots / slots.length, load.get(id) ?? 0);
    emptiest = Math.min(emptiest, usedSlots / slots.length);
  }
  return fullest - emptiest >= minGain;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
