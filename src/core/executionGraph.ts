// ExecutionGraph: a job's vertices, subtasks and their attempts. Built from the JobGraph, changed only by Task… events; counters are kept
// with every change so that nobody scans all subtasks to answer for one.
import { CorruptLedger } from './errors.ts';
import { regionsOf } from './regions.ts';
import type { AttemptId, AttemptReport, ClusterEvent, JobGraph } from './schema.gen.ts';
import type { ClusterState, ExecutionJobVertex, Failure, Job, Region, Slot, Subtask, SubtaskState } from './state.ts';
import { isLive } from './state.ts';
import { graphSizeProblem } from './submissionLimits.ts';

/** Largest parallelism, as in Flink: key groups are numbered with 15 bits. */
export const MAX_PARALLELISM = 32_768;
/** Characters of a failure's reason that are kept in the ledger. */
export const MAX_REASON_CHARS = 8_192;
/** Failures remembered per job. */
const MAX_FAILURES = 16;
/** Most subtasks of one job. */
const MAX_SUBTASKS = 200_000;

export type TaskEvent = Extract<
  ClusterEvent,
  { type: 'TaskDeployed' | 'TaskRunning' | 'TaskFinished' | 'TaskCancelling' | 'TaskCancelled' | 'TaskFailed' }
>;

/** Why a graph cannot run, or null. */
export function graphProblem(graph: JobGraph): string | null {
  if (graph.vertices.length === 0) return 'the graph has no vertices: add a source and a sink';
  const size = graphSizeProblem(graph);
  if (size !== null) return size;
  const ids = new Set<string>();
  const coLocated = new Map<string, JobGraph['vertices'][number]>();
  let subtasks = 0;
  for (const [index, vertex] of graph.vertices.entries()) {
    const where = `vertex ${index} ('${vertex.name.slice(0, 100)}')`;
    if (!/^[0-9a-f]{32}$/.test(vertex.id))
      return `${where} has the id '${vertex.id.slice(0, 40)}': 32 lower-case hex digits are needed`;
    if (ids.has(vertex.id)) return `${where} has the id ${vertex.id} of another vertex`;
    ids.add(vertex.id);
    if (!Number.isInteger(vertex.parallelism) || vertex.parallelism < 1 || vertex.parallelism > MAX_PARALLELISM) {
      return `${where} has parallelism ${vertex.parallelism}: 1 to ${MAX_PARALLELISM} is possible`;
    }
    if (vertex.maxParallelism < vertex.parallelism || vertex.maxParallelism > MAX_PARALLELISM) {
      return `${where} has max parallelism ${vertex.maxParallelism}: ${vertex.parallelism} (its parallelism) to ${MAX_PARALLELISM} is possible`;
    }
    if (vertex.slotSharingGroup === '') return `${where} has an empty slot sharing group: leave it out for 'default'`;
    if (vertex.coLocationGroup !== null) {
      const other = coLocated.get(vertex.coLocationGroup) ?? vertex;
      coLocated.set(vertex.coLocationGroup, other);
      if (other.parallelism !== vertex.parallelism || other.slotSharingGroup !== vertex.slotSharingGroup) {
        return `${where} is co-located with '${other.name.slice(0, 100)}': both need one parallelism and one slot sharing group`;
      }
    }
    for (const input of vertex.inputs) {
      if (!Number.isInteger(input.source) || input.source < 0 || input.source >= index) {
        return `${where} reads from vertex ${input.source}: vertices must stand after their sources, without cycles`;
      }
      const source = graph.vertices[input.source];
      if (input.strategy === 'FORWARD' && source?.parallelism !== vertex.parallelism) {
        return `${where} reads FORWARD from vertex ${input.source} of another parallelism: use REBALANCE`;
      }
    }
    subtasks += vertex.parallelism;
  }
  return subtasks > MAX_SUBTASKS ? `the graph has ${subtasks} subtasks: at most ${MAX_SUBTASKS} are possible` : null;
}

/** Fresh vertices with every subtask CREATED, and their regions. `attempt` is the last attempt number that was used before. */
export function buildExecution(
  jobId: string,
  graph: JobGraph,
  attempt: number,
): { vertices: ExecutionJobVertex[]; regions: Region[] } {
  const consumers: number[][] = graph.vertices.map(() => []);
  for (const [index, vertex] of graph.vertices.entries()) {
    for (const input of vertex.inputs) consumers[input.source]?.push(index);
  }
  const numbers = regionsOf(graph);
  const members: Subtask[][] = [];
  const vertices = graph.vertices.map((info, vertex) => ({
    index: vertex,
    info,
    consumers: consumers[vertex] ?? [],
    subtasks: Array.from({ length: info.parallelism }, (_, index) => {
      const region = numbers[vertex]?.[index] ?? 0;
      const subtask: Subtask = {
        jobId,
        vertex,
        index,
        region,
        attempt,
        run: -1,
        state: 'CREATED',
        slot: null,
        timestamps: {},
        reason: null,
      };
      members[region] ??= [];
      members[region].push(subtask);
      return subtask;
    }),
    counts: { CREATED: info.parallelism, DEPLOYING: 0, RUNNING: 0, CANCELING: 0, FINISHED: 0, CANCELED: 0, FAILED: 0 },
  }));
  return { vertices, regions: members.map((subtasks, id) => ({ id, subtasks, run: 0, draining: 0 })) };
}

/** The region that a subtask belongs to. */
export function regionOf(job: Readonly<Job>, subtask: Readonly<Subtask>): Region {
  const region = job.regions[subtask.region];
  if (region === undefined) throw new CorruptLedger(`job ${job.id} has no region ${subtask.region}`);
  return region;
}

/** The subtask whose current attempt this is, or undefined: unknown, or superseded. */
export function findAttempt(job: Readonly<Job>, id: Omit<AttemptId, 'jobId'>): Subtask | undefined {
  const subtask = job.vertices[id.vertex]?.subtasks[id.subtask];
  return subtask?.attempt === id.attempt ? subtask : undefined;
}

/** Number of the job's subtasks in `state`. */
export function countOf(job: Readonly<Job>, state: SubtaskState): number {
  let sum = 0;
  for (const vertex of job.vertices) sum += vertex.counts[state];
  return sum;
}

/** Every subtask in one of the states, sources first. Skips vertices without any. */
export function* subtasksIn(job: Readonly<Job>, ...states: readonly SubtaskState[]): Generator<Subtask> {
  for (const vertex of job.vertices) {
    if (!states.some((state) => vertex.counts[state] > 0)) continue;
    for (const subtask of vertex.subtasks) if (states.includes(subtask.state)) yield subtask;
  }
}

/** What a TaskManager's report about one attempt means. Late, repeated and foreign reports mean nothing. */
export function* decideReport(job: Readonly<Job>, report: AttemptReport, taskManagerId: string): Generator<TaskEvent> {
  const subtask = findAttempt(job, report);
  if (subtask === undefined || !isLive(subtask.state) || subtask.slot?.taskManagerId !== taskManagerId) return;
  const { jobId, vertex, subtask: index, attempt } = report;
  const id = { jobId, vertex, subtask: index, attempt };
  switch (report.state) {
    case 'DEPLOYING':
    case 'CANCELING':
      return;
    case 'RUNNING':
      if (subtask.state === 'DEPLOYING') yield { type: 'TaskRunning', ...id };
      return;
    case 'FINISHED':
      yield { type: 'TaskFinished', ...id };
      return;
    case 'CANCELED':
      if (subtask.state === 'CANCELING') yield { type: 'TaskCancelled', ...id };
      else
        yield {
          type: 'TaskFailed',
          ...id,
          reason: `TaskManager ${taskManagerId} stopped the task without being told to`,
        };
      return;
    case 'FAILED':
      // What fails while it is being cancelled has been cancelled, as in Flink.
      if (subtask.state === 'CANCELING') yield { type: 'TaskCancelled', ...id };
      else yield { type: 'TaskFailed', ...id, reason: (report.reason ?? 'no reason given').slice(0, MAX_REASON_CHARS) };
      return;
    default:
      report.state satisfies never;
  }
}

export function evolveTask(state: ClusterState, event: TaskEvent): void {
  const job = state.jobs.get(event.jobId);
  const subtask = job?.vertices[event.vertex]?.subtasks[event.subtask];
  if (job === undefined || subtask === undefined)
    throw new CorruptLedger(`${event.type} names a subtask that no job has`);
  if (event.type === 'TaskDeployed') {
    const slot = state.taskManagers.get(event.taskManagerId)?.slots[event.slot];
    if (slot?.owner?.jobId !== job.id)
      throw new CorruptLedger(
        `TaskDeployed into slot ${event.taskManagerId}/${event.slot}, which job ${job.id} does not hold`,
      );
    deploy(state, job, subtask, slot, event.attempt);
    return;
  }
  if (subtask.attempt !== event.attempt)
    throw new CorruptLedger(`${event.type} for attempt ${event.attempt}, the current one is ${subtask.attempt}`);
  switch (event.type) {
    case 'TaskRunning':
      return enter(state, job, subtask, 'RUNNING');
    case 'TaskCancelling':
      return enter(state, job, subtask, 'CANCELING');
    case 'TaskFinished':
      return endAttempt(state, job, subtask, 'FINISHED', null);
    case 'TaskCancelled':
      return endAttempt(state, job, subtask, 'CANCELED', null);
    case 'TaskFailed':
      return endAttempt(state, job, subtask, 'FAILED', event.reason);
    default:
      event satisfies never;
  }
}

function deploy(state: ClusterState, job: Job, subtask: Subtask, slot: Slot, attempt: number): void {
  subtask.attempt = attempt;
  subtask.run = regionOf(job, subtask).run;
  subtask.slot = slot;
  subtask.reason = null;
  subtask.timestamps = {};
  slot.owner?.subtasks.add(subtask);
  job.live++;
  enter(state, job, subtask, 'DEPLOYING');
}

/** Ends the current attempt. One of before the last restart leaves its subtask CREATED, ready for the next. */
export function endAttempt(
  state: ClusterState,
  job: Job,
  subtask: Subtask,
  end: 'FINISHED' | 'CANCELED' | 'FAILED',
  reason: string | null,
): void {
  if (!isLive(subtask.state))
    throw new CorruptLedger(`an attempt of job ${job.id} ends as ${end} and is ${subtask.state} already`);
  job.live--;
  subtask.slot?.owner?.subtasks.delete(subtask);
  subtask.reason = reason;
  const region = regionOf(job, subtask);
  const current = subtask.run === region.run;
  for (const pending of job.checkpoints.pending.values()) {
    if (pending.waitingFor.has(subtask))
      pending.broken ??= `subtask ${subtask.vertex}/${subtask.index} ended before it had acked`;
  }
  if (!current) {
    job.draining--;
    region.draining--;
  } else if (end === 'FAILED' && reason !== null) {
    rememberFailure(job, {
      at: state.at,
      task: { vertex: subtask.vertex, subtask: subtask.index, attempt: subtask.attempt },
      taskManagerId: subtask.slot?.taskManagerId ?? null,
      reason,
    });
  }
  enter(state, job, subtask, current ? end : 'CREATED');
}

function rememberFailure(job: Job, failure: Failure): void {
  job.failures.push(failure);
  if (job.failures.length > MAX_FAILURES) job.failures.shift();
}

/** Regions start a new run: what has ended is CREATED again, what lives must drain. */
export function beginRun(state: ClusterState, job: Job, regions: Iterable<Region>): void {
  for (const region of regions) {
    region.run++;
    let live = 0;
    for (const subtask of region.subtasks) {
      if (isLive(subtask.state)) live++;
      else if (subtask.state !== 'CREATED') enter(state, job, subtask, 'CREATED');
    }
    job.draining += live - region.draining;
    region.draining = live;
  }
}

function enter(state: ClusterState, job: Job, subtask: Subtask, to: SubtaskState): void {
  const vertex = job.vertices[subtask.vertex];
  if (vertex === undefined) throw new CorruptLedger(`job ${job.id} has no vertex ${subtask.vertex}`);
  vertex.counts[subtask.state]--;
  vertex.counts[to]++;
  subtask.state = to;
  subtask.timestamps[to] = state.at;
}
