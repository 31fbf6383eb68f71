// The states of a job and the events that lead from one to the next.
import { forgetSubmission } from './dispatcher.ts';
import { CorruptLedger } from './errors.ts';
import { beginRun, buildExecution } from './executionGraph.ts';
import { MAX_RESTART_TIMES } from './restartStrategy.ts';
import type { ClusterEvent, JobState } from './schema.gen.ts';
import type { ClusterState, Job, JobStatusDetail } from './state.ts';

/** How long tasks have to end by themselves behind the barrier of a stopping savepoint, in ms. */
const STOPPING_TIMEOUT_MS = 10_000;

export type JobEvent = Extract<
  ClusterEvent,
  {
    type:
      | 'JobPlanned'
      | 'JobRestorePointSet'
      | 'JobQueued'
      | 'JobStarted'
      | 'JobRestarting'
      | 'JobStopping'
      | 'JobPaused'
      | 'JobResumed'
      | 'JobRescaled'
      | 'JobCancelling'
      | 'JobCancelled'
      | 'JobFailing'
      | 'JobFailed'
      | 'JobFinished'
      | 'JobExpired';
  }
>;

export function evolveJob(state: ClusterState, event: JobEvent): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined) throw new CorruptLedger(`${event.type} names job ${event.jobId}, which does not exist`);
  switch (event.type) {
    case 'JobPlanned':
      job.graph = event.graph;
      job.artifact = event.artifact;
      Object.assign(job, buildExecution(job.id, event.graph, -1));
      job.wantedParallelisms = event.graph.vertices.map((vertex) => vertex.parallelism);
      job.options = { ...job.options, checkpointing: job.options.checkpointing ?? event.checkpointing };
      // It waits for the manifest of what it starts from.
      if (job.options.savepointPath !== null) return;
      return enter(state, job, { kind: 'CREATED', queuedFor: null });
    case 'JobRestorePointSet':
      return enter(state, job, { kind: 'CREATED', queuedFor: null });
    case 'JobQueued':
      if (job.status.kind !== 'CREATED' && job.status.kind !== 'RESTARTING') {
        throw new CorruptLedger(`JobQueued for job ${job.id}, which is ${job.status.kind}`);
      }
      job.status = { ...job.status, queuedFor: event.slotsNeeded };
      return;
    case 'JobStarted':
      return enter(state, job, { kind: 'RUNNING' });
    case 'JobRestarting': {
      const regions = event.regions.map((id) => job.regions[id]).filter((region) => region !== undefined);
      job.restarts++;
      job.consecutiveRestarts = event.consecutive;
      job.restartTimes.push(state.at);
      if (job.restartTimes.length > MAX_RESTART_TIMES) job.restartTimes.shift();
      job.checkpoints.consecutiveFailures = 0;
      beginRun(state, job, regions);
      return enter(state, job, {
        kind: 'RESTARTING',
        reason: event.reason,
        restartAt: event.restartAt,
        queuedFor: null,
      });
    }
    case 'JobStopping': {
      const { purpose, parallelism } = event;
      if (purpose === 'PERIODIC' || purpose === 'SAVEPOINT')
        throw new CorruptLedger(`JobStopping of job ${job.id} for a ${purpose}`);
      return enter(state, job, { kind: 'STOPPING', purpose, parallelism, giveUpAt: state.at + STOPPING_TIMEOUT_MS });
    }
    case 'JobPaused':
      return enter(state, job, { kind: 'SUSPENDED' });
    case 'JobResumed':
      beginRun(state, job, job.regions);
      return enter(state, job, { kind: 'CREATED', queuedFor: null });
    case 'JobRescaled': {
      const attempt = Math.max(...job.vertices.flatMap((vertex) => vertex.subtasks.map((subtask) => subtask.attempt)));
      const vertices = job.graph.vertices.map((vertex, index) => ({
        ...vertex,
        parallelism: event.parallelisms[index] ?? vertex.parallelism,
      }));
      Object.assign(job, buildExecution(job.id, { ...job.graph, vertices }, attempt));
      job.wantedParallelisms = event.wanted;
      job.rescheduledAt = state.at;
      return enter(state, job, { kind: 'CREATED', queuedFor: null });
    }
    case 'JobCancelling':
      return enter(state, job, { kind: 'CANCELLING' });
    case 'JobFailing':
      return enter(state, job, { kind: 'FAILING', reason: event.reason });
    case 'JobCancelled':
      return enter(state, job, { kind: 'CANCELED', endedAt: state.at });
    case 'JobFailed':
      return enter(state, job, { kind: 'FAILED', reason: event.reason, endedAt: state.at });
    case 'JobFinished':
      return enter(state, job, { kind: 'FINISHED', endedAt: state.at });
    case 'JobExpired':
      state.jobs.delete(job.id);
      forgetSubmission(state, job);
      return;
    default:
      event satisfies never;
  }
}

function enter(state: ClusterState, job: Job, status: JobStatusDetail): void {
  job.status = status;
  job.timestamps[status.kind] = state.at;
  if (status.kind === 'CREATED' || status.kind === 'RESTARTING') state.queue.add(job.id);
  else state.queue.delete(job.id);
}

/** The state's name in Flink's words; a job whose tasks end behind a savepoint has none there. */
export function jobStateOf(status: Readonly<JobStatusDetail>): JobState {
  if (status.kind !== 'STOPPING') return status.kind;
  return status.purpose === 'RESCALE' ? 'RESTARTING' : 'CANCELLING';
}
