// ClusterManager: how many TaskManagers there should be. Where slots are short, or fewer run than desired, it asks the driver for more;
// where one that the driver started has idled long enough and is not needed, it lets it go. The driver itself lies outside core.
import { earlierAnswer } from './dispatcher.ts';
import type { DriverPolicy, Policy } from './inputs.ts';
import { currentParallelisms, slotsNeeded, usesMoreSlots } from './rescheduling.ts';
import type { ResourceEvent } from './resourceManager.ts';
import type { ClusterEvent, SetDesiredTaskManagers } from './schema.gen.ts';
import { freeSlots } from './slotPool.ts';
import type { ClusterState, TaskManager } from './state.ts';

/** `desired` TaskManagers stay though they idle, and are asked for where fewer run. */
export function* decideDesired(
  state: Readonly<ClusterState>,
  { commandId, desired }: SetDesiredTaskManagers,
  { driver }: Policy,
): Generator<ClusterEvent> {
  const answered = earlierAnswer(state, commandId);
  if (answered === null && state.desiredTaskManagers !== desired) yield { type: 'DesiredTaskManagersSet', desired };
  let message = `${desired} TaskManagers are desired`;
  if (driver === null) message += ', and resourcemanager.driver is none: they must be started by hand';
  else if (desired > driver.maxTaskManagers)
    message += `, and resourcemanager.max-taskmanagers is ${driver.maxTaskManagers}: no more will be started`;
  yield answered ?? { type: 'CommandAnswered', commandId, jobId: '', rejection: null, message, path: null };
}

/** What the state calls for; nothing without a driver. */
export function* decideTaskManagers(state: Readonly<ClusterState>, policy: Policy): Generator<ResourceEvent> {
  const { driver } = policy;
  if (driver === null) return;
  for (const [requestId, requestedAt] of [...state.requests]) {
    if (requestedAt + driver.requestTimeoutMs <= state.at) yield { type: 'TaskManagerRequestExpired', requestId };
  }
  let unwanted = freeSlots(state).length - slotsWanted(state) - (policy.dynamic === null ? 0 : slotsLacking(state));
  const shortage = Math.max(0, -unwanted);
  const present = [...state.taskManagers.values()].filter(({ status }) => status.kind !== 'releasing').length;
  const wanted = Math.max(Math.ceil(shortage / driver.slotsPerTaskManager), state.desiredTaskManagers - present);
  const missing = Math.min(wanted, driver.maxTaskManagers - present) - state.requests.size;
  for (let n = 0; n < missing; n++)
    yield { type: 'TaskManagerRequested', requestId: `request-${state.requestCount + 1}` };
  if (shortage > 0) return;
  let spare = present - state.desiredTaskManagers;
  // The newest first: a StatefulSet gives up its highest ordinals first.
  for (const taskManager of [...state.taskManagers.values()].reverse()) {
    if (spare <= 0) return;
    const at = releaseAt(taskManager, driver);
    // One whose slots are waited for would be asked for again at once.
    if (at === null || at > state.at || taskManager.slots.length > unwanted) continue;
    spare--;
    unwanted -= taskManager.slots.length;
    yield {
      type: 'TaskManagerReleasing',
      taskManagerId: taskManager.id,
      reason: `idle for ${driver.idleTimeoutMs} ms`,
    };
  }
}

/** When the next decision may be due, Unix ms, or null. */
export function taskManagerDeadline(state: Readonly<ClusterState>, policy: Policy): number | null {
  const { driver } = policy;
  if (driver === null) return null;
  const times = [...state.requests.values()].map((at) => at + driver.requestTimeoutMs);
  if (state.taskManagers.size > state.desiredTaskManagers) {
    for (const taskManager of state.taskManagers.values()) {
      const at = releaseAt(taskManager, driver);
      if (at !== null && at > state.at) times.push(at);
    }
  }
  return times.length === 0 ? null : Math.min(...times);
}

function releaseAt(taskManager: Readonly<TaskManager>, driver: DriverPolicy): number | null {
  const { requestId, idleSince, status } = taskManager;
  return requestId !== null && idleSince !== null && status.kind === 'registered'
    ? idleSince + driver.idleTimeoutMs
    : null;
}

/** Slots that queued jobs ask for. */
function slotsWanted(state: Readonly<ClusterState>): number {
  let wanted = 0;
  for (const jobId of state.queue) {
    const job = state.jobs.get(jobId);
    if (job?.status.kind !== 'CREATED' && job?.status.kind !== 'RESTARTING') continue;
    wanted += Math.max(0, (job.status.queuedFor ?? 0) - job.slots.size);
  }
  return wanted;
}

/** Slots that jobs lack which have started with fewer than they want, and can be given more. */
function slotsLacking(state: Readonly<ClusterState>): number {
  let lacking = 0;
  for (const job of state.jobs.values()) {
    if (!usesMoreSlots(job)) continue;
    lacking += slotsNeeded(job, job.wantedParallelisms) - slotsNeeded(job, currentParallelisms(job));
  }
  return lacking;
}
