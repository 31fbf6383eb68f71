// Dispatcher: commands in, jobs and answers out. A command id is answered once and the same, a submission's also when its job has expired, as
// long as it is among the last MAX_ANSWERS; a job id is used once while its job is remembered.

import { completeConfig, isPlace, MAX_PATH_CHARS, settledConfig } from './checkpointConfig.ts';
import { noCheckpoints } from './checkpointCoordinator.ts';
import { CorruptLedger } from './errors.ts';
import { buildExecution, graphProblem, MAX_PARALLELISM } from './executionGraph.ts';
import type { Policy } from './inputs.ts';
import type { ClusterEvent, CommandAnswered, JobGraph, RejectionCode, SubmitJob } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';
import { isTerminal } from './state.ts';
import { optionsProblem } from './submissionLimits.ts';

/** Answers kept for commands that are sent again. */
export const MAX_ANSWERS = 1_000;
/** Longest name of a job or an artifact in characters. */
export const MAX_NAME_CHARS = 1_024;
/** Most arguments of a command, and most characters of them. */
const MAX_ARGS = 10_000;
const MAX_ARGS_CHARS = 1_000_000;
/** Longest command id in characters. */
const MAX_COMMAND_ID_CHARS = 256;

/** What a job has until it is planned. */
const UNPLANNED: JobGraph = { vertices: [], hash: '' };

export type DispatcherEvent = Extract<ClusterEvent, { type: 'JobSubmitted' | 'JobRejected' | 'CommandAnswered' }>;

export function* decideSubmit(
  state: Readonly<ClusterState>,
  command: SubmitJob,
  policy: Policy,
): Generator<DispatcherEvent> {
  const { commandId, jobId } = command;
  const answered = earlierAnswer(state, commandId);
  if (answered !== null) {
    yield answered;
    return;
  }
  const problem = submissionProblem(state, command);
  if (problem !== null) {
    yield {
      type: 'JobRejected',
      jobId: jobId.slice(0, 64),
      commandId: commandId.slice(0, MAX_COMMAND_ID_CHARS),
      ...problem,
    };
    return;
  }
  const { name, artifact, args, parallelism, graph } = command;
  // What a program asks for itself is known once it is planned.
  const settle = graph === null ? completeConfig : settledConfig;
  const options = { ...command.options, checkpointing: settle(command.options.checkpointing, policy) };
  yield { type: 'JobSubmitted', jobId, commandId, name, artifact, args, parallelism, graph, options };
}

/** The answer that this command id got, so that a repeated command is answered again and changes nothing. */
export function earlierAnswer(state: Readonly<ClusterState>, commandId: string): DispatcherEvent | null {
  const earlier = state.answers.get(commandId);
  if (earlier !== undefined) return { type: 'CommandAnswered', ...earlier.answer };
  const jobId = state.submissions.get(commandId);
  return jobId === undefined ? null : { type: 'CommandAnswered', ...submitted(commandId, jobId) };
}

function submitted(commandId: string, jobId: string): Omit<CommandAnswered, 'type'> {
  return { commandId, jobId, rejection: null, message: 'submitted', path: null };
}

/** The job of the submission expires: sent again, it is still no new job. */
export function forgetSubmission(state: ClusterState, { commandId, id }: Readonly<Job>): void {
  state.submissions.delete(commandId);
  remember(state, submitted(commandId, id));
}

function submissionProblem(
  state: Readonly<ClusterState>,
  command: SubmitJob,
): { code: RejectionCode; reason: string } | null {
  const invalid = (reason: string) => ({ code: 'INVALID_COMMAND' as const, reason });
  if (command.commandId === '' || command.commandId.length > MAX_COMMAND_ID_CHARS) {
    return invalid(`commandId must have 1 to ${MAX_COMMAND_ID_CHARS} characters`);
  }
  if (!/^[0-9a-f]{32}$/.test(command.jobId))
    return invalid(`jobId '${command.jobId.slice(0, 64)}' is not 32 lower-case hex digits`);
  if (command.name === '' || command.name.length > MAX_NAME_CHARS) {
    return invalid(`the job name has ${command.name.length} characters: 1 to ${MAX_NAME_CHARS} are possible`);
  }
  const from = command.options.savepointPath;
  if (from !== null && !isPlace(from))
    return invalid(
      `savepointPath '${from.slice(0, 200)}' must be an absolute path or a URI, of at most ${MAX_PATH_CHARS} characters`,
    );
  const artifact = artifactProblem(command);
  if (artifact !== null) return invalid(artifact);
  if (command.args.length > MAX_ARGS)
    return invalid(`there are ${command.args.length} args: at most ${MAX_ARGS} are possible; put them into a file`);
  if (command.args.reduce((sum, arg) => sum + arg.length, 0) > MAX_ARGS_CHARS) {
    return invalid(`args have more than ${MAX_ARGS_CHARS} characters: put them into a file that the job reads`);
  }
  if (state.jobs.has(command.jobId)) {
    return { code: 'DUPLICATE_JOB', reason: `job ${command.jobId} exists already: submit with another job id` };
  }
  const parent = parentProblem(state, command);
  if (parent !== null) return parent;
  if (!Number.isInteger(command.parallelism) || command.parallelism < 1 || command.parallelism > MAX_PARALLELISM)
    return invalid(`parallelism ${command.parallelism}: 1 to ${MAX_PARALLELISM} is possible`);
  const options = optionsProblem(command.options);
  if (options !== null) return invalid(options);
  const problem = command.graph === null ? null : graphProblem(command.graph);
  return problem === null ? null : { code: 'INVALID_GRAPH', reason: problem };
}

/** A job that the leader plans may name its artifact alone: the hash is found with the graph, and recorded with it. */
function artifactProblem({ artifact, graph }: SubmitJob): string | null {
  const { sha256, name } = artifact;
  if (name.length > MAX_NAME_CHARS)
    return `the artifact's name has ${name.length} characters: at most ${MAX_NAME_CHARS} are possible`;
  if (/^[0-9a-f]{64}$/.test(sha256)) return null;
  if (sha256 !== '') return 'artifact.sha256 is not a sha256 in hex: push the bundle first';
  if (graph !== null) return 'a job with a graph must give artifact.sha256: the graph belongs to one bundle';
  return name === '' ? 'the artifact has neither a name nor a sha256' : null;
}

/** A parent job must have finished, unless the job may wait for it. */
function parentProblem(
  state: Readonly<ClusterState>,
  { options }: SubmitJob,
): { code: RejectionCode; reason: string } | null {
  const { parentJobId, waitForParent } = options;
  if (parentJobId === null) return null;
  const parent = state.jobs.get(parentJobId);
  if (parent === undefined)
    return { code: 'UNKNOWN_JOB', reason: `there is no parent job ${parentJobId.slice(0, 64)}` };
  if (parent.status.kind === 'FINISHED') return null;
  if (isTerminal(parent.status)) {
    return {
      code: 'PARENT_NOT_COMPLETED',
      reason: `parent job ${parentJobId} is ${parent.status.kind} and will never complete`,
    };
  }
  if (waitForParent) return null;
  return {
    code: 'PARENT_NOT_COMPLETED',
    reason: `parent job ${parentJobId} is not yet completed: submit with --wait to queue until it is`,
  };
}

export function evolveDispatcher(state: ClusterState, event: DispatcherEvent): void {
  switch (event.type) {
    case 'JobSubmitted': {
      const { jobId: id, commandId, name, artifact, args, parallelism, graph, options } = event;
      if (state.jobs.has(id)) throw new CorruptLedger(`JobSubmitted for job ${id}, which exists`);
      const ready = graph !== null && options.savepointPath === null;
      state.jobs.set(id, {
        id,
        commandId,
        name,
        artifact,
        args,
        parallelism,
        options,
        graph: graph ?? UNPLANNED,
        submittedAt: state.at,
        status: ready ? { kind: 'CREATED', queuedFor: null } : { kind: 'INITIALIZING' },
        timestamps: ready ? { CREATED: state.at } : { INITIALIZING: state.at },
        ...buildExecution(id, graph ?? UNPLANNED, -1),
        wantedParallelisms: (graph ?? UNPLANNED).vertices.map((vertex) => vertex.parallelism),
        rescheduledAt: 0,
        slots: new Set(),
        live: 0,
        draining: 0,
        restarts: 0,
        consecutiveRestarts: 0,
        restartTimes: [],
        checkpoints: noCheckpoints(),
        failures: [],
      });
      if (ready) state.queue.add(id);
      state.submissions.set(commandId, id);
      return;
    }
    case 'JobRejected': {
      const { commandId, jobId, code, reason } = event;
      return remember(state, { commandId, jobId, rejection: code, message: reason, path: null });
    }
    case 'CommandAnswered': {
      const { type: _, ...answer } = event;
      // A submission that is sent again needs no second memory.
      if (!state.submissions.has(answer.commandId)) remember(state, answer);
      return;
    }
    default:
      event satisfies never;
  }
}

function remember(state: ClusterState, answer: Omit<CommandAnswered, 'type'>): void {
  state.answers.delete(answer.commandId);
  state.answers.set(answer.commandId, { at: state.at, answer });
  for (const oldest of state.answers.keys()) {
    if (state.answers.size <= MAX_ANSWERS) break;
    state.answers.delete(oldest);
  }
}
