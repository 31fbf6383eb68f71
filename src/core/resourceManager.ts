// ResourceManager: which TaskManagers there are, whether they live, and the slots that they offer. Each slot has an equal share of its
// TaskManager's managed memory.
import { CorruptLedger } from './errors.ts';
import { endAttempt, findAttempt } from './executionGraph.ts';
import type { AttemptId, ClusterEvent, RegisterTaskManager } from './schema.gen.ts';
import type { ClusterState, TaskManager } from './state.ts';
import { isLive } from './state.ts';

/** Most slots of one TaskManager. */
const MAX_SLOTS = 10_000;
/** What a TaskManager says that the driver started and that cannot know for which request, such as a pod. */
const ANY_REQUEST = 'any';

export type ResourceEvent = Extract<
  ClusterEvent,
  {
    type:
      | 'TaskManagerRegistered'
      | 'SlotOffered'
      | 'TaskManagerSuspected'
      | 'TaskManagerRecovered'
      | 'TaskManagerLost'
      | 'TaskManagerReleased'
      | 'TaskManagerReleasing'
      | 'TaskManagerRequested'
      | 'TaskManagerRequestExpired'
      | 'DesiredTaskManagersSet';
  }
>;

/** A copy of a registration that counted in whole, or of one before it: what it lists was so once, and says nothing of now. */
export function isStaleRegistration(state: Readonly<ClusterState>, message: RegisterTaskManager): boolean {
  const known = state.taskManagers.get(message.taskManagerId);
  if (known === undefined || message.registration > known.registration) return false;
  return message.registration < known.registration || known.slots.length >= slotsOffered(message);
}

function slotsOffered({ slots }: RegisterTaskManager): number {
  return Math.min(Math.max(0, slots), MAX_SLOTS);
}

/**
 * A TaskManager joins, repeats itself, or comes back. What it runs and the ledger doesn't count is cancelled. What it does not list is
 * decided before (see decideMissing), for with this the registration has counted.
 */
export function* decideRegistration(
  state: Readonly<ClusterState>,
  message: RegisterTaskManager,
): Generator<ResourceEvent> {
  const { taskManagerId, pid, host, dataPort, managedMemoryBytes, registration } = message;
  const slots = slotsOffered(message);
  const strays: AttemptId[] = [];
  for (const report of message.attempts) {
    const job = state.jobs.get(report.jobId);
    const subtask = job && findAttempt(job, report);
    if (subtask !== undefined && isLive(subtask.state) && subtask.slot?.taskManagerId === taskManagerId) continue;
    strays.push({ jobId: report.jobId, vertex: report.vertex, subtask: report.subtask, attempt: report.attempt });
  }
  const known = state.taskManagers.get(taskManagerId);
  const requestId = known === undefined ? answeredRequest(state, message.requestId) : known.requestId;
  const facts = { taskManagerId, pid, host, dataPort, slots, managedMemoryBytes, registration, strays, requestId };
  if (known?.registration !== registration) yield { type: 'TaskManagerRegistered', ...facts };
  const share = slots === 0 ? 0 : Math.floor(managedMemoryBytes / slots);
  for (let slot = known?.slots.length ?? 0; slot < slots; slot++) {
    yield { type: 'SlotOffered', taskManagerId, slot, managedMemoryBytes: share };
  }
}

/** The oldest open request, for a TaskManager that the driver started and that cannot know for which. */
function answeredRequest(state: Readonly<ClusterState>, requestId: string | null): string | null {
  if (requestId !== ANY_REQUEST) return requestId;
  const [oldest] = state.requests.keys();
  return oldest ?? ANY_REQUEST;
}

/**
 * Attempts that the ledger has there and that the TaskManager did not list. One that it never said to be RUNNING may have been under way
 * to it when it registered: that one is told to it again.
 */
export function missingAttempts(state: Readonly<ClusterState>, message: RegisterTaskManager): AttemptId[] {
  const reported = new Set(
    message.attempts.map((report) => `${report.jobId}/${report.vertex}/${report.subtask}/${report.attempt}`),
  );
  const missing: AttemptId[] = [];
  for (const slot of state.taskManagers.get(message.taskManagerId)?.slots ?? []) {
    for (const subtask of slot.owner?.subtasks ?? []) {
      const { jobId, vertex, index, attempt } = subtask;
      if (subtask.timestamps.RUNNING === undefined || reported.has(`${jobId}/${vertex}/${index}/${attempt}`)) continue;
      missing.push({ jobId, vertex, subtask: index, attempt });
    }
  }
  return missing;
}

export function* decideSilent(
  state: Readonly<ClusterState>,
  taskManagerId: string,
  silentForMs: number,
  faultTransferDelayMs: number,
): Generator<ResourceEvent> {
  const status = state.taskManagers.get(taskManagerId)?.status.kind;
  // One that was asked to stop may die before it has said that it did.
  if (status !== 'registered' && status !== 'releasing') return;
  const reason = `no heartbeat for ${silentForMs} ms`;
  yield { type: 'TaskManagerSuspected', taskManagerId, reason, lostAt: state.at + faultTransferDelayMs };
}

export function* decideHeard(state: Readonly<ClusterState>, taskManagerId: string): Generator<ResourceEvent> {
  if (state.taskManagers.get(taskManagerId)?.status.kind === 'suspected')
    yield { type: 'TaskManagerRecovered', taskManagerId };
}

/** Suspected TaskManagers whose fault-transfer delay has passed. */
export function* overdueTaskManagers(
  state: Readonly<ClusterState>,
): Generator<{ taskManager: TaskManager; reason: string }> {
  for (const taskManager of [...state.taskManagers.values()]) {
    const { status } = taskManager;
    if (status.kind === 'suspected' && status.lostAt <= state.at) yield { taskManager, reason: status.reason };
  }
}

/** Jobs that have live attempts on the TaskManager. */
export function jobsOn(taskManager: Readonly<TaskManager>): Set<string> {
  const jobs = new Set<string>();
  for (const slot of taskManager.slots) if (slot.owner !== null) jobs.add(slot.owner.jobId);
  return jobs;
}

export function evolveResource(state: ClusterState, event: ResourceEvent): void {
  switch (event.type) {
    case 'TaskManagerRequested':
      state.requests.set(event.requestId, state.at);
      state.requestCount++;
      return;
    case 'TaskManagerRequestExpired':
      state.requests.delete(event.requestId);
      return;
    case 'DesiredTaskManagersSet':
      state.desiredTaskManagers = event.desired;
      return;
    default:
      return evolveTaskManager(state, event);
  }
}

function evolveTaskManager(
  state: ClusterState,
  event: Exclude<
    ResourceEvent,
    { type: 'TaskManagerRequested' | 'TaskManagerRequestExpired' | 'DesiredTaskManagersSet' }
  >,
): void {
  const taskManager = state.taskManagers.get(event.taskManagerId);
  if (event.type === 'TaskManagerRegistered') {
    if (event.requestId !== null) state.requests.delete(event.requestId);
    if (taskManager !== undefined) {
      if (taskManager.status.kind === 'suspected') taskManager.status = { kind: 'registered' };
      taskManager.registration = event.registration;
      return;
    }
    const { taskManagerId: id, pid, host, dataPort, managedMemoryBytes, registration, requestId } = event;
    state.taskManagers.set(id, {
      id,
      pid,
      host,
      dataPort,
      managedMemoryBytes,
      registeredAt: state.at,
      requestId,
      registration,
      status: { kind: 'registered' },
      slots: [],
      usedSlots: 0,
      idleSince: state.at,
    });
    return;
  }
  if (taskManager === undefined)
    throw new CorruptLedger(`${event.type} names TaskManager ${event.taskManagerId}, which is not registered`);
  switch (event.type) {
    case 'SlotOffered':
      if (event.slot !== taskManager.slots.length)
        throw new CorruptLedger(`SlotOffered ${event.slot} of ${taskManager.id} out of order`);
      taskManager.slots.push({
        taskManagerId: taskManager.id,
        index: event.slot,
        managedMemoryBytes: event.managedMemoryBytes,
        owner: null,
      });
      return;
    case 'TaskManagerSuspected':
      taskManager.status = { kind: 'suspected', lostAt: event.lostAt, reason: event.reason };
      return;
    case 'TaskManagerRecovered':
      taskManager.status = { kind: 'registered' };
      return;
    case 'TaskManagerReleasing':
      taskManager.status = { kind: 'releasing' };
      return;
    case 'TaskManagerLost':
      return remove(state, taskManager, `TaskManager ${taskManager.id} was lost: ${event.reason}`);
    case 'TaskManagerReleased':
      return remove(state, taskManager, `TaskManager ${taskManager.id} shut down: ${event.reason}`);
    default:
      event satisfies never;
  }
}

/** Its slots vanish and its live attempts fail. */
function remove(state: ClusterState, taskManager: TaskManager, reason: string): void {
  state.taskManagers.delete(taskManager.id);
  for (const slot of taskManager.slots) {
    if (slot.owner === null) continue;
    const job = state.jobs.get(slot.owner.jobId);
    if (job === undefined)
      throw new CorruptLedger(
        `slot ${taskManager.id}/${slot.index} belongs to job ${slot.owner.jobId}, which does not exist`,
      );
    // By vertex and not in the order of their deployment, which a snapshot does not keep.
    const subtasks = [...slot.owner.subtasks].sort((a, b) => a.vertex - b.vertex || a.index - b.index);
    for (const subtask of subtasks) endAttempt(state, job, subtask, 'FAILED', reason);
    job.slots.delete(slot);
    slot.owner = null;
  }
}
