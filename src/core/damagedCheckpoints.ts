// State of a checkpoint that turned out damaged: the checkpoint is passed over for good, and nothing goes on from a mixture of it and the one
// before. What a task starts from follows from the job's state, so a deployment that is told again after the damage would name the older
// checkpoint: regions that are being deployed start anew.
import { countOf, subtasksIn } from './executionGraph.ts';
import type { Policy } from './inputs.ts';
import { restartOrFail } from './jobMaster.ts';
import { restorePoint } from './restorePoint.ts';
import type { CheckpointReport, ClusterEvent } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';

const MAX_REASON_CHARS = 1_000;

/** Of damaged state that several subtasks, or one again, report the first report counts. All checkpoints that refer to the file are damaged. */
export function* decideDamaged(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  { damaged }: CheckpointReport,
): Generator<ClusterEvent> {
  for (const { handle, reason } of damaged) {
    const { completed, restored } = job.checkpoints;
    const points = [...completed, ...(restored === null ? [] : [restored])];
    const found = points.filter(({ states }) =>
      states.some((stored) => stored.handle === handle || stored.shared.includes(handle)),
    );
    const told = reason.slice(0, MAX_REASON_CHARS);
    // Before the damage is recorded: a leader that finds the one without the other would go on from both checkpoints. Without any other
    // the job fails as a whole.
    const inUse = found.find((point) => point === restorePoint(job));
    const regions = inUse !== undefined && points.length > found.length ? regionsDeploying(job) : [];
    if (regions.length > 0)
      yield restartOrFail(state, job, policy, `checkpoint ${inUse!.id} is damaged: ${told}`, regions);
    for (const { id: checkpointId } of found)
      yield { type: 'CheckpointDamaged', jobId: job.id, checkpointId, handle, reason: told };
  }
}

/** Regions in whose current run a task was told what to start from, and has not said that it runs. */
function regionsDeploying(job: Readonly<Job>): number[] {
  const { kind } = job.status;
  if ((kind !== 'CREATED' && kind !== 'RESTARTING') || countOf(job, 'DEPLOYING') === 0) return [];
  const regions = new Set<number>();
  for (const { region, run } of subtasksIn(job, 'DEPLOYING')) if (run === job.regions[region]?.run) regions.add(region);
  return [...regions].sort((a, b) => a - b);
}
