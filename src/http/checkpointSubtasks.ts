// `/jobs/:id/checkpoints/details/:id/subtasks/:vertexid` in Flink's fields: what each subtask said of one checkpoint.
import type { SubtaskState } from '../core/schema.gen.ts';
import type { Job } from '../core/state.ts';
import { checkpointOf, spread, statesOf } from './checkpointResources.ts';
import { RequestError } from './errors.ts';

export function checkpointSubtasks(job: Readonly<Job>, id: string, vertexId: string): object {
  const found = checkpointOf(job, id);
  const vertex = job.vertices.find(({ info }) => info.id === vertexId);
  if (vertex === undefined) throw new RequestError(404, `Job ${job.id} has no vertex ${vertexId.slice(0, 40)}.`);
  const { triggeredAt } = found.checkpoint;
  const acked = new Map(
    statesOf(found)
      .filter((state) => state.vertex === vertex.index)
      .map((state) => [state.subtask, state]),
  );
  const expected = found.kind === 'completed' ? found.checkpoint.parallelisms[vertex.index] : vertex.subtasks.length;
  const states = [...acked.values()];
  const of = (measure: (state: SubtaskState) => number): object => spread(states.map(measure));
  const none = spread([]);
  return {
    id: found.checkpoint.id,
    status: { completed: 'COMPLETED', pending: 'IN_PROGRESS', failed: 'FAILED' }[found.kind],
    latest_ack_timestamp: Math.max(-1, ...states.map(({ ackedAt }) => ackedAt)),
    end_to_end_duration: Math.max(0, ...states.map(({ ackedAt }) => ackedAt - triggeredAt)),
    num_subtasks: expected ?? 0,
    num_acknowledged_subtasks: acked.size,
    summary: {
      checkpointed_size: of(checkpointedBytes),
      state_size: of(({ bytes }) => bytes),
      end_to_end_duration: of(({ ackedAt }) => Math.max(0, ackedAt - triggeredAt)),
      checkpoint_duration: {
        sync: of(({ metrics }) => Math.round(metrics?.syncMs ?? 0)),
        async: of(({ metrics }) => Math.round(metrics?.asyncMs ?? 0)),
      },
      alignment: {
        processed: none,
        persisted: of(({ metrics }) => metrics?.persistedBytes ?? 0),
        duration: of(({ metrics }) => Math.round(metrics?.alignmentMs ?? 0)),
      },
      start_delay: of(({ metrics }) => Math.round(metrics?.startDelayMs ?? 0)),
    },
    subtasks: Array.from({ length: expected ?? 0 }, (_, index) => subtask(index, acked.get(index), triggeredAt)),
  };
}

function subtask(index: number, state: SubtaskState | undefined, triggeredAt: number): object {
  if (state === undefined) return { index, status: 'pending_or_failed' };
  const { metrics, ackedAt, bytes } = state;
  return {
    index,
    status: 'completed',
    ack_timestamp: ackedAt,
    end_to_end_duration: Math.max(0, ackedAt - triggeredAt),
    checkpointed_size: checkpointedBytes(state),
    state_size: bytes,
    checkpoint: { sync: Math.round(metrics?.syncMs ?? 0), async: Math.round(metrics?.asyncMs ?? 0) },
    alignment: {
      buffered: 0,
      processed: 0,
      persisted: metrics?.persistedBytes ?? 0,
      duration: Math.round(metrics?.alignmentMs ?? 0),
    },
    start_delay: Math.round(metrics?.startDelayMs ?? 0),
    unaligned_checkpoint: metrics?.unaligned ?? false,
    aborted: false,
  };
}

function checkpointedBytes({ bytes, metrics }: SubtaskState): number {
  return metrics?.checkpointedBytes ?? bytes;
}
