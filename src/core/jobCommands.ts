// Commands to a job that exists: cancel, pause, resume, savepoint, stop, rescale. Each is answered once; a savepoint is answered when it is
// complete or has failed.
import { folderOfPlace, isPlace } from './checkpointConfig.ts';
import { triggered } from './checkpointCoordinator.ts';
import { canCheckpoint } from './checkpointSchedule.ts';
import { earlierAnswer } from './dispatcher.ts';
import { graphProblem } from './executionGraph.ts';
import type { Command, Policy } from './inputs.ts';
import { rescaledTo } from './jobMaster.ts';
import type { ClusterEvent, CommandAnswered, RejectionCode } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';

export type JobCommand = Exclude<Command, { type: 'SubmitJob' | 'SetDesiredTaskManagers' }>;

export function* decideJobCommand(
  state: Readonly<ClusterState>,
  command: JobCommand,
  policy: Policy,
): Generator<ClusterEvent> {
  const answered = earlierAnswer(state, command.commandId);
  if (answered !== null) {
    yield answered;
    return;
  }
  const job = state.jobs.get(command.jobId);
  if (job === undefined) {
    yield answer(command, 'UNKNOWN_JOB', `there is no job ${command.jobId.slice(0, 64)}: see \`sluice list --all\``);
    return;
  }
  for (const { commandId } of job.checkpoints.pending.values()) if (commandId === command.commandId) return;
  switch (command.type) {
    case 'CancelJob':
      yield* cancel(job, command);
      return;
    case 'ResumeJob':
      if (job.status.kind !== 'SUSPENDED') {
        yield answer(
          command,
          'JOB_NOT_RUNNING',
          `job ${job.id} is ${job.status.kind}: only a paused (SUSPENDED) job can be resumed`,
        );
        return;
      }
      yield { type: 'JobResumed', jobId: job.id };
      yield answer(command, null, `resuming job ${job.id}`);
      return;
    case 'PauseJob':
      if (job.status.kind === 'SUSPENDED') {
        yield answer(command, null, `job ${job.id} is paused already`);
        return;
      }
      // What never ran has no state to keep.
      if (job.status.kind === 'CREATED' && job.live === 0 && job.checkpoints.completed.length === 0) {
        yield { type: 'JobPaused', jobId: job.id };
        yield answer(command, null, `paused job ${job.id} before it started`);
        return;
      }
      yield* savepoint(state, job, command, policy);
      return;
    case 'TriggerSavepoint':
    case 'StopWithSavepoint':
    case 'RequestCheckpoint':
      yield* savepoint(state, job, command, policy);
      return;
    case 'RescaleJob': {
      const problem = rescaleProblem(job, command.parallelism);
      if (problem === null) yield* savepoint(state, job, command, policy);
      else yield answer(command, 'NOT_RESCALABLE', problem);
      return;
    }
    default:
      command satisfies never;
  }
}

function* cancel(job: Readonly<Job>, command: JobCommand): Generator<ClusterEvent> {
  switch (job.status.kind) {
    case 'CANCELED':
    case 'CANCELLING':
      yield answer(command, null, `job ${job.id} is ${job.status.kind} already`);
      return;
    case 'FAILED':
    case 'FINISHED':
      yield answer(command, 'JOB_TERMINATED', `job ${job.id} is ${job.status.kind}: there is nothing to cancel`);
      return;
    case 'INITIALIZING':
    case 'CREATED':
    case 'RUNNING':
    case 'RESTARTING':
    case 'STOPPING':
    case 'SUSPENDED':
    case 'FAILING':
      yield { type: 'JobCancelling', jobId: job.id };
      yield answer(command, null, `cancelling job ${job.id}`);
      return;
    default:
      job.status satisfies never;
  }
}

type SavepointCommand = Extract<
  JobCommand,
  { type: 'PauseJob' | 'TriggerSavepoint' | 'StopWithSavepoint' | 'RequestCheckpoint' | 'RescaleJob' }
>;
const PURPOSES = {
  PauseJob: 'PAUSE',
  TriggerSavepoint: 'SAVEPOINT',
  StopWithSavepoint: 'STOP',
  RequestCheckpoint: 'PERIODIC',
  RescaleJob: 'RESCALE',
} as const;

function* savepoint(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  command: SavepointCommand,
  policy: Policy,
): Generator<ClusterEvent> {
  const purpose = PURPOSES[command.type];
  if (!canCheckpoint(job)) {
    const seen = job.status.kind === 'RUNNING' ? 'has tasks that have finished' : `is ${job.status.kind}`;
    yield answer(
      command,
      'JOB_NOT_RUNNING',
      `job ${job.id} ${seen}: ${purpose === 'PERIODIC' ? 'a checkpoint' : 'a savepoint'} needs every task to be running`,
    );
    return;
  }
  for (const pending of job.checkpoints.pending.values()) {
    if (pending.purpose === 'PERIODIC' || pending.purpose === 'SAVEPOINT') continue;
    yield answer(command, 'JOB_NOT_RUNNING', `job ${job.id} is about to ${pending.purpose.toLowerCase()} already`);
    return;
  }
  const owned = command.type === 'TriggerSavepoint' || command.type === 'StopWithSavepoint';
  const directory = owned ? (command.targetPath ?? policy.savepointDirectory) : null;
  if (owned && directory === null) {
    yield answer(
      command,
      'INVALID_COMMAND',
      'no savepoint directory: name one, or set execution.checkpointing.savepoint-dir',
    );
    return;
  }
  if (directory !== null && !isPlace(directory)) {
    const reason = `'${directory.slice(0, 200)}' is no folder for savepoints: name an absolute path or a URI`;
    yield answer(command, 'INVALID_COMMAND', reason);
    return;
  }
  const number = job.checkpoints.nextId.toString(16).padStart(4, '0');
  const name = `savepoint-${job.id.slice(0, 6)}-${job.id.slice(6, 14)}${number}`;
  yield triggered(state, job, {
    purpose,
    commandId: command.commandId,
    targetPath: directory === null ? null : `${folderOfPlace(directory)}/${name}`,
    parallelism: command.type === 'RescaleJob' ? command.parallelism : 0,
    drain: command.type === 'StopWithSavepoint' && command.drain,
  });
}

function rescaleProblem(job: Readonly<Job>, parallelism: number): string | null {
  const current = Math.max(0, ...job.vertices.map((vertex) => vertex.subtasks.length));
  if (!Number.isInteger(parallelism) || parallelism < 1) return `parallelism ${parallelism} is not 1 or more`;
  const parallelisms = rescaledTo(job, parallelism);
  const vertices = job.graph.vertices.map((vertex, index) => ({ ...vertex, parallelism: parallelisms[index] ?? 1 }));
  const limit = Math.min(...job.graph.vertices.map((vertex) => vertex.maxParallelism));
  if (parallelism > limit) return `parallelism ${parallelism} is above the max parallelism ${limit} of job ${job.id}`;
  if (parallelisms.every((now, index) => now === job.vertices[index]?.subtasks.length)) {
    return `job ${job.id} has parallelism ${current}, and no vertex of it would change with ${parallelism}`;
  }
  return graphProblem({ ...job.graph, vertices });
}

function answer(command: JobCommand, rejection: RejectionCode | null, message: string): CommandAnswered {
  return {
    type: 'CommandAnswered',
    commandId: command.commandId,
    jobId: command.jobId,
    rejection,
    message,
    path: null,
  };
}
