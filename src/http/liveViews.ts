// What processes themselves say when they are asked: `/taskmanagers/:id/metrics` and `/thread-dump` in Flink's fields, and
// `/jobmanagers/:id` of our own. Any JobManager asks any process; one that is away is 503, while everything else still answers.
import type { FastifyInstance } from 'fastify';
import { ActorError } from '../actors/errors.ts';
import type { ActorDescription, AttemptReport, ProcessMemory, TaskManagerDescription } from '../core/schema.gen.ts';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';
import { networkSegments } from './taskManagerMemory.ts';

/** Attempts that a thread dump lists. */
const MAX_LISTED_ATTEMPTS = 1_000;

const METRICS: Readonly<Record<string, (description: TaskManagerDescription) => number>> = {
  'Status.JVM.CPU.Load': ({ cpuLoad }) => cpuLoad,
  'Status.JVM.Memory.Heap.Used': ({ usedHeapBytes, memory }) => usedHeapBytes + (memory?.heapUsedBytes ?? 0),
  'Status.JVM.Memory.Heap.Max': of(({ heapMaxBytes }) => heapMaxBytes),
  'Status.JVM.Memory.Direct.MemoryUsed': of(({ offHeapUsedBytes }) => offHeapUsedBytes),
  'Status.JVM.Memory.Direct.TotalCapacity': of(({ offHeapMaxBytes }) => offHeapMaxBytes),
  'Status.Flink.Memory.Managed.Used': of(({ managedUsedBytes }) => managedUsedBytes),
  'Status.Flink.Memory.Managed.Total': of(({ managedMaxBytes }) => managedMaxBytes),
  'Status.Shuffle.Netty.TotalMemorySegments': of((memory) => networkSegments(memory).total),
  'Status.Shuffle.Netty.UsedMemorySegments': of((memory) => networkSegments(memory).used),
  'Status.Shuffle.Netty.AvailableMemorySegments': of((memory) => {
    const { total, used } = networkSegments(memory);
    return total - used;
  }),
  'Status.Shuffle.Netty.TotalMemory': of(({ networkMaxBytes }) => networkMaxBytes),
  'Status.Shuffle.Netty.UsedMemory': of(({ networkUsedBytes }) => networkUsedBytes),
  // Ours.
  'sluice.uptime': ({ upMs }) => upMs,
  'sluice.leader.epoch': ({ epoch }) => epoch,
  'sluice.registered': ({ registered }) => (registered ? 1 : 0),
  'sluice.reports.waiting': ({ waitingReports }) => waitingReports,
  'sluice.attempts': ({ attemptCount }) => attemptCount,
  'sluice.memory.pressure': of(({ pressure }) => pressure),
  'sluice.memory.resident': of(({ residentBytes }) => residentBytes),
  'sluice.network.spilled': of(({ spilledBytes }) => spilledBytes),
  'sluice.disk.used': of(({ diskUsedBytes }) => diskUsedBytes),
  'sluice.actors.restarts': ({ actors }) => actors.reduce((sum, { restarts }) => sum + restarts, 0),
};

/** Of its slot threads; 0 where nothing is measured. */
function of(read: (memory: ProcessMemory) => number): (description: TaskManagerDescription) => number {
  return ({ memory }) => (memory === null ? 0 : read(memory));
}

interface TaskManagerRequest {
  Params: { taskManagerId: string };
}

export function addLiveViews(app: FastifyInstance, view: ClusterView): void {
  app.get<TaskManagerRequest & { Querystring: { get?: string } }>(
    '/taskmanagers/:taskManagerId/metrics',
    async ({ params, query }) => {
      const taskManagerId = knownTaskManager(view, params.taskManagerId);
      // As Flink: without `get` the names, with it the values of those that exist.
      if (query.get === undefined) return Object.keys(METRICS).map((id) => ({ id }));
      const wanted = new Set(query.get.split(','));
      const description = await asked(view.describeTaskManager(taskManagerId, 0));
      return Object.entries(METRICS).flatMap(([id, read]) =>
        wanted.has(id) ? [{ id, value: String(read(description)) }] : [],
      );
    },
  );
  app.get<TaskManagerRequest>('/taskmanagers/:taskManagerId/thread-dump', async ({ params }) => {
    const taskManagerId = knownTaskManager(view, params.taskManagerId);
    const description = await asked(view.describeTaskManager(taskManagerId, MAX_LISTED_ATTEMPTS));
    return { threadInfos: [...description.actors.map(ofActor), ...listed(description, view)] };
  });
  app.get<{ Params: { id: string } }>('/jobmanagers/:id', async ({ params }) => {
    if (!view.jobManagers().some(({ id }) => id === params.id))
      throw new RequestError(404, `JobManager ${params.id} was not heard lately; /jobmanagers lists those that were.`);
    const { type: _, jobManagerId: id, restAddress: rest, ...more } = await asked(view.describeJobManager(params.id));
    return { id, rest, ...more };
  });
}

function knownTaskManager(view: ClusterView, taskManagerId: string): string {
  if (!view.state.taskManagers.has(taskManagerId))
    throw new RequestError(404, `TaskManager ${taskManagerId} is not known.`);
  return taskManagerId;
}

/** Whatever keeps a process from answering is not this one's fault. */
async function asked<D>(description: Promise<D>): Promise<D> {
  try {
    return await description;
  } catch (error) {
    if (error instanceof ActorError) throw new RequestError(503, error.message);
    throw error;
  }
}

interface ThreadInfo {
  readonly threadName: string;
  readonly stringifiedThreadInfo: string;
}

function threadInfo(threadName: string, details: string): ThreadInfo {
  return { threadName, stringifiedThreadInfo: `"${threadName}" ${details}\n` };
}

function ofActor({ path, status, restarts, waitingMessages }: ActorDescription): ThreadInfo {
  return threadInfo(path, `${status}, ${restarts} restarts, ${waitingMessages} messages wait`);
}

function listed({ attempts, attemptCount }: TaskManagerDescription, view: ClusterView): ThreadInfo[] {
  const infos = attempts.map((attempt) => ofAttempt(attempt, view));
  const left = attemptCount - attempts.length;
  return left > 0 ? [...infos, threadInfo('…', `and ${left} more attempts`)] : infos;
}

/** Named as Flink names a task's thread. */
function ofAttempt(report: AttemptReport, { state }: ClusterView): ThreadInfo {
  const { jobId, vertex, subtask, attempt, recordsIn, recordsOut } = report;
  const known = state.jobs.get(jobId)?.graph?.vertices[vertex];
  const name = known === undefined ? `vertex ${vertex}` : known.name;
  const share = known === undefined ? `${subtask + 1}` : `${subtask + 1}/${known.parallelism}`;
  const details = `${report.state}, ${recordsIn} records in, ${recordsOut} out, job ${jobId}`;
  return threadInfo(`${name} (${share})#${attempt}`, details);
}
