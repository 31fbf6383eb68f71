// `/jobs/:id/checkpoints…` in Flink's fields, from what the ledger keeps: the checkpoints under way, those that are retained, the savepoints
// that are remembered, and the counts of all. How much was processed during an
// alignment is not measured, and shown as 0.

import { DEFAULT_CHECKPOINT_POLICY, isUnaligned, retentionOf } from '../core/checkpointConfig.ts';
import type { CompletedCheckpoint, FailedCheckpoint, PendingCheckpoint } from '../core/checkpointState.ts';
import type { SubtaskState } from '../core/schema.gen.ts';
import type { Job } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';

type View = Pick<ClusterView, 'now' | 'storage'>;

export type Known =
  | { readonly kind: 'completed'; readonly checkpoint: Readonly<CompletedCheckpoint> }
  | { readonly kind: 'pending'; readonly checkpoint: Readonly<PendingCheckpoint> }
  | { readonly kind: 'failed'; readonly checkpoint: Readonly<FailedCheckpoint> };

export function checkpointsOverview(job: Readonly<Job>, view: View): object {
  const { checkpoints } = job;
  const { completed, failed } = checkpoints.counts;
  const inProgress = checkpoints.pending.size;
  const known = knownOf(job);
  const latest = (isWanted: (checkpoint: Readonly<CompletedCheckpoint>) => boolean): object | null => {
    const found = known.find((one) => one.kind === 'completed' && isWanted(one.checkpoint));
    return found === undefined ? null : statistics(job, found, view);
  };
  const failure = known.find(({ kind }) => kind === 'failed');
  const { restored } = checkpoints;
  return {
    counts: {
      restored: restored === null ? 0 : 1,
      total: completed + failed + inProgress,
      in_progress: inProgress,
      completed,
      failed,
    },
    summary: summaryOf([...checkpoints.completed, ...checkpoints.savepoints]),
    latest: {
      completed: latest((checkpoint) => !isSavepoint(checkpoint)),
      savepoint: latest(isSavepoint),
      failed: failure === undefined ? null : statistics(job, failure, view),
      restored:
        restored === null
          ? null
          : {
              id: restored.id,
              restore_timestamp: restored.completedAt,
              is_savepoint: isSavepoint(restored),
              external_path: restored.path ?? '',
            },
    },
    history: known.map((one) => statistics(job, one, view)),
  };
}

export function checkpointConfig(job: Readonly<Job>): object {
  const config = job.options.checkpointing;
  if (config === null) throw new RequestError(404, `Checkpointing has not been enabled for job ${job.id}.`);
  const fallback = DEFAULT_CHECKPOINT_POLICY;
  return {
    mode: 'exactly_once',
    interval: config.intervalMs,
    timeout: config.timeoutMs ?? fallback.timeoutMs,
    min_pause: config.minPauseMs ?? fallback.minPauseMs,
    max_concurrent: config.maxConcurrent ?? fallback.maxConcurrent,
    externalization: {
      enabled: retentionOf(job) !== 'NO_EXTERNALIZED_CHECKPOINTS',
      delete_on_cancellation: retentionOf(job) !== 'RETAIN_ON_CANCELLATION',
    },
    state_backend: 'HashMapStateBackend',
    checkpoint_storage: 'FileSystemCheckpointStorage',
    unaligned_checkpoints: isUnaligned(job),
    aligned_checkpoint_timeout: config.alignedTimeoutMs ?? 0,
    tolerable_failed_checkpoints: config.toleratedFailures ?? fallback.toleratedFailures,
    checkpoints_after_tasks_finish: false,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: 0,
    changelog_storage: null,
  };
}

export function checkpointDetails(job: Readonly<Job>, id: string, view: View): object {
  const found = checkpointOf(job, id);
  const common = statistics(job, found, view);
  const tasks = job.vertices.map(({ index, info, subtasks }) => {
    const acked = statesOf(found).filter(({ vertex }) => vertex === index);
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
        ...sizes(size, acked),
        num_subtasks: total,
        num_acknowledged_subtasks: acked.length,
      },
    ];
  });
  return { ...common, tasks: Object.fromEntries(tasks) };
}

/** Throws RequestError 404. */
export function checkpointOf(job: Readonly<Job>, id: string): Known {
  const found = knownOf(job).find(({ checkpoint }) => String(checkpoint.id) === id);
  if (found === undefined) throw new RequestError(404, `Job ${job.id} keeps no checkpoint ${id.slice(0, 20)}.`);
  return found;
}

/** What was acked of it, as far as that is remembered. */
export function statesOf(known: Known): readonly SubtaskState[] {
  return known.kind === 'failed' ? [] : known.checkpoint.states;
}

/** The newest first. */
function knownOf({ checkpoints }: Readonly<Job>): Known[] {
  const known: Known[] = [
    ...[...checkpoints.pending.values()].map((checkpoint) => ({ kind: 'pending', checkpoint }) as const),
    ...[...checkpoints.completed, ...checkpoints.savepoints].map(
      (checkpoint) => ({ kind: 'completed', checkpoint }) as const,
    ),
    ...checkpoints.failures.map((checkpoint) => ({ kind: 'failed', checkpoint }) as const),
  ];
  return known.sort((a, b) => b.checkpoint.id - a.checkpoint.id);
}

function statistics(job: Readonly<Job>, known: Known, view: View) {
  const { id, purpose, triggeredAt } = known.checkpoint;
  const states = statesOf(known);
  const savepoint = isSavepoint(known.checkpoint);
  const common = {
    id,
    is_savepoint: savepoint,
    savepointFormat: savepoint ? 'CANONICAL' : null,
    trigger_timestamp: triggeredAt,
    ...sizes(
      states.reduce((sum, { bytes }) => sum + bytes, 0),
      states,
    ),
    checkpoint_type: !savepoint ? 'CHECKPOINT' : purpose === 'STOP' ? 'SYNC_SAVEPOINT' : 'SAVEPOINT',
    tasks: {},
    discarded: false,
  };
  const lasted = (until: number): number => Math.max(0, until - triggeredAt);
  switch (known.kind) {
    case 'completed': {
      const { completedAt, path } = known.checkpoint;
      const { checkpointDirectory: directory } = view.storage;
      return {
        ...common,
        className: 'completed',
        status: 'COMPLETED',
        latest_ack_timestamp: completedAt,
        end_to_end_duration: lasted(completedAt),
        num_subtasks: states.length,
        num_acknowledged_subtasks: states.length,
        external_path: path ?? (directory === null ? '' : `${directory}/${job.id}/chk-${id}`),
      };
    }
    case 'pending': {
      return {
        ...common,
        className: 'in_progress',
        status: 'IN_PROGRESS',
        latest_ack_timestamp: states.at(-1)?.ackedAt ?? -1,
        end_to_end_duration: lasted(view.now()),
        num_subtasks: states.length + known.checkpoint.waitingFor.size,
        num_acknowledged_subtasks: states.length,
        external_path: '',
      };
    }
    case 'failed': {
      const { failedAt, reason, acked, subtasks } = known.checkpoint;
      return {
        ...common,
        className: 'failed',
        status: 'FAILED',
        latest_ack_timestamp: -1,
        end_to_end_duration: lasted(failedAt),
        num_subtasks: subtasks,
        num_acknowledged_subtasks: acked,
        external_path: '',
        failure_timestamp: failedAt,
        failure_message: reason,
      };
    }
    default:
      return known satisfies never;
  }
}

function checkpointedBytes(states: readonly SubtaskState[]): number {
  return states.reduce((sum, { bytes, metrics }) => sum + (metrics?.checkpointedBytes ?? bytes), 0);
}

function persistedBytes(states: readonly SubtaskState[]): number {
  return states.reduce((sum, { metrics }) => sum + (metrics?.persistedBytes ?? 0), 0);
}

function sizes(bytes: number, states: readonly SubtaskState[]) {
  return {
    checkpointed_size: checkpointedBytes(states),
    state_size: bytes,
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: persistedBytes(states),
  };
}

function isSavepoint({ purpose }: Known['checkpoint']): boolean {
  return purpose === 'SAVEPOINT' || purpose === 'STOP';
}

function summaryOf(completed: readonly Readonly<CompletedCheckpoint>[]): object {
  const bytes = spread(completed.map((checkpoint) => checkpoint.bytes));
  const none = spread([]);
  return {
    checkpointed_size: spread(completed.map(({ states }) => checkpointedBytes(states))),
    state_size: bytes,
    end_to_end_duration: spread(completed.map(({ triggeredAt, completedAt }) => completedAt - triggeredAt)),
    alignment_buffered: none,
    processed_data: none,
    persisted_data: spread(completed.map(({ states }) => persistedBytes(states))),
  };
}

/** Of no values Flink says 0, and "NaN" for what has no 0. */
export function spread(values: readonly number[]): object {
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
