// `/jobs…` in Flink's fields: job ids, the overview list, one job with its vertices and plan, and its exceptions.
import { jobStateOf } from '../core/jobStatus.ts';
import type { AttemptReport, JobState, TaskMetrics } from '../core/schema.gen.ts';
import type { ExecutionJobVertex, Failure, Job, Subtask, SubtaskState } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';
import { measuredOf, ratesOf } from './measured.ts';

/** Flink's execution states, in its order; ours are among them. */
const EXECUTION_STATES = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'INITIALIZING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'RECONCILING',
] as const;

type ExecutionState = (typeof EXECUTION_STATES)[number];

const JOB_STATES = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
] as const;

export function jobIds({ state }: ClusterView): object {
  return { jobs: [...state.jobs.values()].map((job) => ({ id: job.id, status: jobStateOf(job.status) })) };
}

export function jobsOverview(view: ClusterView): object {
  return { jobs: [...view.state.jobs.values()].map((job) => jobSummary(job, view.now())) };
}

function jobSummary(job: Readonly<Job>, now: number): object {
  const counts = sumCounts(job.vertices);
  const tasks: Record<string, number> = { total: job.vertices.reduce((sum, { subtasks }) => sum + subtasks.length, 0) };
  for (const state of EXECUTION_STATES) tasks[state.toLowerCase()] = counts[state];
  return {
    jid: job.id,
    name: job.name,
    'start-time': job.submittedAt,
    'end-time': endTime(job),
    duration: durationOf(job, now),
    state: jobStateOf(job.status),
    'last-modification': Math.max(job.submittedAt, ...Object.values(job.timestamps)),
    tasks,
    'pending-operators': 0,
  };
}

export function jobDetails(job: Readonly<Job>, view: ClusterView): object {
  const now = view.now();
  const timestamps: Record<string, number> = {};
  for (const state of JOB_STATES) timestamps[state] = job.timestamps[state as JobState] ?? 0;
  timestamps.INITIALIZING = job.submittedAt;
  const counters = countersOf(job, view);
  const statusCounts = countRecord();
  const vertices = job.vertices.map((vertex) => {
    const status = vertexState(vertex);
    statusCounts[status]++;
    return vertexDetails(vertex, status, counters[vertex.index]!, measuredOf(job, vertex, view), now);
  });
  return {
    jid: job.id,
    name: job.name,
    isStoppable: false,
    state: jobStateOf(job.status),
    'job-type': 'STREAMING',
    'start-time': job.submittedAt,
    'end-time': endTime(job),
    duration: durationOf(job, now),
    maxParallelism: -1,
    now,
    timestamps,
    vertices,
    'status-counts': statusCounts,
    'pending-operators': 0,
    // Ours: how often it was restarted, and how many slots it waits for; null: it does not wait.
    restarts: job.restarts,
    'slots-needed': ('queuedFor' in job.status ? job.status.queuedFor : null) ?? null,
    plan: plan(job),
  };
}

function vertexDetails(
  vertex: ExecutionJobVertex,
  status: ExecutionState,
  counters: Counters,
  measured: readonly TaskMetrics[],
  now: number,
): object {
  const { info, subtasks } = vertex;
  const sum = (value: (metrics: TaskMetrics) => number): number =>
    measured.reduce((all, metrics) => all + value(metrics), 0);
  const times = subtaskTimes(subtasks, status, now);
  return {
    id: info.id,
    slotSharingGroupId: info.slotSharingGroup,
    name: info.name,
    maxParallelism: info.maxParallelism,
    parallelism: info.parallelism,
    status,
    ...times,
    tasks: { ...countRecord(), ...vertex.counts },
    metrics: {
      'read-bytes': sum(({ bytesIn }) => bytesIn),
      'read-bytes-complete': measured.length === subtasks.length,
      'write-bytes': sum(({ bytesOut }) => bytesOut),
      'write-bytes-complete': measured.length === subtasks.length,
      'read-records': counters.recordsIn,
      'read-records-complete': counters.attempts === subtasks.length,
      'write-records': counters.recordsOut,
      'write-records-complete': counters.attempts === subtasks.length,
      'accumulated-backpressured-time': sum((metrics) => metrics.accumulatedBackPressuredTimeMs),
      'accumulated-idle-time': sum((metrics) => metrics.accumulatedIdleTimeMs),
      'accumulated-busy-time': sum((metrics) => metrics.accumulatedBusyTimeMs),
    },
    // Ours, so that a graph of many vertices takes one request.
    rates: ratesOf(measured),
  };
}

/** From the first deployment to the last end. */
function subtaskTimes(subtasks: readonly Subtask[], status: ExecutionState, now: number): object {
  let start = -1;
  let end = -1;
  for (const { timestamps } of subtasks) {
    const deployedAt = timestamps.DEPLOYING;
    if (deployedAt !== undefined && (start === -1 || deployedAt < start)) start = deployedAt;
    end = Math.max(end, timestamps.FINISHED ?? -1, timestamps.CANCELED ?? -1, timestamps.FAILED ?? -1);
  }
  const ended = status === 'FINISHED' || status === 'CANCELED' || status === 'FAILED';
  const endTime = ended ? end : -1;
  return {
    'start-time': start,
    'end-time': endTime,
    duration: start === -1 ? -1 : Math.max(0, (ended ? end : now) - start),
  };
}

/** Flink's rule: the worst state that any subtask is in, FINISHED only where all are, CREATED for whatever comes before RUNNING. */
function vertexState({ counts, subtasks }: ExecutionJobVertex): ExecutionState {
  if (counts.FAILED > 0) return 'FAILED';
  if (counts.CANCELING > 0) return 'CANCELING';
  if (counts.CANCELED > 0) return 'CANCELED';
  if (counts.RUNNING > 0) return 'RUNNING';
  if (counts.FINISHED > 0) return counts.FINISHED === subtasks.length ? 'FINISHED' : 'RUNNING';
  return 'CREATED';
}

function plan(job: Readonly<Job>): object {
  const { vertices } = job.graph;
  return {
    jid: job.id,
    name: job.name,
    type: 'STREAMING',
    nodes: vertices.map((vertex, index) => ({
      id: vertex.id,
      // That of the graph may have been changed since.
      parallelism: job.vertices[index]?.subtasks.length ?? vertex.parallelism,
      operator: '',
      operator_strategy: '',
      description: escapeHtml(vertex.name),
      inputs: vertex.inputs.map((input, num) => ({
        num,
        id: vertices[input.source]?.id ?? '',
        ship_strategy: input.strategy,
        exchange: 'pipelined_bounded',
      })),
      optimizer_properties: {},
    })),
  };
}

/** The dashboard puts descriptions into its page as HTML. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function jobExceptions(job: Readonly<Job>): object {
  // Newest first, as Flink lists them.
  const entries = job.failures.map((failure) => exceptionEntry(job, failure)).reverse();
  const { status } = job;
  const last = job.failures.at(-1);
  const root = status.kind === 'FAILED' || status.kind === 'FAILING' ? status.reason : last?.reason;
  return {
    'root-exception': root ?? null,
    timestamp: root === undefined ? null : (last?.at ?? job.timestamps.FAILED ?? job.timestamps.FAILING ?? null),
    'all-exceptions': [],
    truncated: false,
    exceptionHistory: { entries, truncated: false },
  };
}

function exceptionEntry(job: Readonly<Job>, { at, task, taskManagerId, reason }: Failure): object {
  const vertex = task === null ? undefined : job.vertices[task.vertex];
  return {
    exceptionName: reason.replace(/^Operator '.*?' failed: /, '').split(/[:\n]/, 1)[0] ?? reason,
    stacktrace: reason,
    timestamp: at,
    failureLabels: {},
    taskName:
      task === null || vertex === undefined
        ? null
        : `${vertex.info.name} (${task.subtask + 1}/${vertex.subtasks.length}) - execution #${task.attempt}`,
    endpoint: taskManagerId,
    taskManagerId,
    concurrentExceptions: [],
  };
}

interface Counters {
  /** Attempts that were heard of. */
  attempts: number;
  recordsIn: number;
  recordsOut: number;
}

/** By vertex, from the last heartbeats of the TaskManagers that run the job. */
function countersOf(job: Readonly<Job>, view: ClusterView): Counters[] {
  const counters = job.vertices.map((): Counters => ({ attempts: 0, recordsIn: 0, recordsOut: 0 }));
  const taskManagerIds = new Set([...job.slots].map((slot) => slot.taskManagerId));
  for (const taskManagerId of taskManagerIds) {
    for (const report of view.lastHeard(taskManagerId)?.heartbeat.attempts ?? []) addCounters(counters, job, report);
  }
  return counters;
}

function addCounters(counters: readonly Counters[], job: Readonly<Job>, report: AttemptReport): void {
  if (report.jobId !== job.id) return;
  const counter = counters[report.vertex];
  const subtask = job.vertices[report.vertex]?.subtasks[report.subtask];
  if (counter === undefined || subtask?.attempt !== report.attempt) return;
  counter.attempts++;
  counter.recordsIn += report.recordsIn;
  counter.recordsOut += report.recordsOut;
}

function countRecord(): Record<ExecutionState, number> {
  return Object.fromEntries(EXECUTION_STATES.map((state) => [state, 0])) as Record<ExecutionState, number>;
}

function sumCounts(vertices: readonly ExecutionJobVertex[]): Record<ExecutionState, number> {
  const sum = countRecord();
  for (const { counts } of vertices) {
    for (const [state, count] of Object.entries(counts)) sum[state as SubtaskState] += count;
  }
  return sum;
}

/** -1 while the job has not ended. */
function endTime({ status }: Readonly<Job>): number {
  return 'endedAt' in status ? status.endedAt : -1;
}

function durationOf(job: Readonly<Job>, now: number): number {
  const end = endTime(job);
  return Math.max(0, (end === -1 ? now : end) - job.submittedAt);
}
