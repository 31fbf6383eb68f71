// `/jobs/:id/checkpoints…` in Flink's fields, from what the ledger keeps: the checkpoints under way, those that are retained, the savepoints
// that are remembered, and the counts of all. Of what a checkpoint persisted in flight nothing is known, so it is shown as 0.

import type { CompletedCheckpoint, PendingCheckpoint } from '../core/checkpointState.ts';
import type { SubtaskState } from '../core/schema.gen.ts';
import type { Job } from '../core/state.ts';
import { RequestError } from './errors.ts';

type Known =
  | { readonly kind: 'completed'; readonly checkpoint: Readonly<CompletedCheckpoint> }
  | { readonly kind: 'pending'; readonly checkpoint: Readonly<PendingCheckpoint> };

export function checkpointsOverview(job: Readonly<Job>, now: number): object {
  const { checkpoints } = job;
  const { completed, failed } = checkpoints.counts;
  const inProgress = checkpoints.pending.size;
  const known = knownOf(job);
  const latest = (isWanted: (checkpoint: Readonly<CompletedCheckpoint>) => boolean): object | null => {
    const found = known.find((one) => one.kind === 'completed' && isWanted(one.checkpoint));
    return found === undefined ? null : statistics(found, now);
  };
  return {
    counts: { restored: 0, total: completed + failed + inProgress, in_progress: inProgress, completed, failed },
    summary: summaryOf([...checkpoints.completed, ...checkpoints.savepoints]),
    latest: {
      completed: latest((checkpoint) => !isSavepoint(checkpoint)),
      savepoint: latest(isSavepoint),
      failed: null,
      restored: null,
    },
    history: known.map((one) => statistics(one, now)),
  };
}

export function checkpointConfig(job: Readonly<Job>): object {
  const config = job.options.checkpointing;
  if (config === null) throw new RequestError(404, `Checkpointing has not been enabled for job ${job.id}.`);
  return {
    mode: 'exactly_once',
    interval: config.intervalMs,
    timeout: config.timeoutMs,
    min_pause: config.minPauseMs,
    max_concurrent: config.maxConcurrent,
    externalization: { enabled: true, delete_on_cancellation: false },
    state_backend: 'HashMapStateBackend',
    checkpoint_storage: 'FileSystemCheckpointStorage',
    unaligned_checkpoints: false,
    aligned_checkpoint_timeout: 0,
    tolerable_failed_checkpoints: config.toleratedFailures,
    checkpoints_after_tasks_finish: false,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: 0,
    changelog_storage: null,
  };
}

export function checkpointDetails(job: Readonly<Job>, id: string, now: number): object {
  const found = knownOf(job).find(({ checkpoint }) => String(checkpoint.id) === id);
  if (found === undefined) throw new RequestError(404, `Job ${job.id} keeps no checkpoint ${id.slice(0, 20)}.`);
  const common = statistics(found, now);
  const tasks = job.vertices.map(({ index, info, subtasks }) => {
    const states: readonly SubtaskState[] = found.checkpoint.states;
    const acked = states.filter(({ vertex }) => vertex === index);
    const size = acked.reduce((sum, { bytes }) => sum + bytes, 0);
    const total = found.kind === 'completed' ? (found.checkpoint.parallelisms[index] ?? 0) : subtasks.length;
    const { status, latest_ack_timestamp, end_to_end_duration } = common;
    return [
      info.id,
      {
        id: Number(id),
        status,
        latest_ack_timestamp,
        end_to_end_duration,
        ...sizes(size),
        num_subtasks: total,
        num_acknowledged_subtasks: acked.length,
      },
    ];
  });
  return { ...common, tasks: Object.fromEntries(tasks) };
}

/** The newest first. */
function knownOf({ checkpoints }: Readonly<Job>): Known[] {
  const known: Known[] = [
    ...[...checkpoints.pending.values()].map((checkpoint) => ({ kind: 'pending', checkpoint }) as const),
    ...[...checkpoints.completed, ...checkpoints.savepoints].map(
      (checkpoint) => ({ kind: 'completed', checkpoint }) as const,
    ),
  ];
  return known.sort((a, b) => b.checkpoint.id - a.checkpoint.id);
}

function statistics(known: Known, now: number) {
  const { id, purpose, triggeredAt } = known.checkpoint;
  const states: readonly SubtaskState[] = known.checkpoint.states;
  const completed = known.kind === 'completed';
  const endedAt = known.kind === 'completed' ? known.checkpoint.completedAt : now;
  const waiting = known.kind === 'pending' ? known.checkpoint.waitingFor.size : 0;
  const savepoint = isSavepoint(known.checkpoint);
  return {
    className: completed ? 'completed' : 'in_progress',
    id,
    status: completed ? 'COMPLETED' : 'IN_PROGRESS',
    is_savepoint: savepoint,
    savepointFormat: savepoint ? 'CANONICAL' : null,
    trigger_timestamp: triggeredAt,
    latest_ack_timestamp: completed ? endedAt : -1,
    end_to_end_duration: Math.max(0, endedAt - triggeredAt),
    ...sizes(states.reduce((sum, { bytes }) => sum + bytes, 0)),
    num_subtasks: states.length + waiting,
    num_acknowledged_subtasks: states.length,
    checkpoint_type: !savepoint ? 'CHECKPOINT' : purpose === 'STOP' ? 'SYNC_SAVEPOINT' : 'SAVEPOINT',
    tasks: {},
    external_path: known.kind === 'completed' ? (known.checkpoint.path ?? '') : '',
    discarded: false,
  };
}

function sizes(bytes: number) {
  return { checkpointed_size: bytes, state_size: bytes, alignment_buffered: 0, processed_data: 0, persisted_data: 0 };
}

function isSavepoint({ purpose }: Readonly<CompletedCheckpoint> | Readonly<PendingCheckpoint>): boolean {
  return purpose === 'SAVEPOINT' || purpose === 'STOP';
}

function summaryOf(completed: readonly Readonly<CompletedCheckpoint>[]): object {
  const bytes = spread(completed.map((checkpoint) => checkpoint.bytes));
  const none = spread([]);
  return {
    checkpointed_size: bytes,
    state_size: bytes,
    end_to_end_duration: spread(completed.map(({ triggeredAt, completedAt }) => completedAt - triggeredAt)),
    alignment_buffered: none,
    processed_data: none,
    persisted_data: none,
  };
}

/** Of no values Flink says 0, and "NaN" for what has no 0. */
function spread(values: readonly number[]): object {
  const sorted = values.toSorted((a, b) => a - b);
  const [min = 0] = sorted;
  const percentile = (share: number): number | 'NaN' =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 'NaN';
  return {
    min,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : Math.round(sorted.reduce((sum, value) => sum + value, 0) / sorted.length),
    p50: percentile(0.5),
    p90: percentile(0.9),
    p95: percentile(0.95),
    p99: percentile(0.99),
    p999: percentile(0.999),
  };
}
