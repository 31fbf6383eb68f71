// When a cluster is at rest: one leader, every job running, waiting with a reason, or ended, every command answered, every task where the
// ledger says and nowhere else, and nothing left to do. What is not yet so is said in sentences.

import type { Policy } from '../../src/core/inputs.ts';
import { blocksOthers, holdOn, inOrder } from '../../src/core/queue.ts';
import {
  adaptedParallelisms,
  canMove,
  currentParallelisms,
  fittingParallelisms,
  reasonToShrink,
} from '../../src/core/rescheduling.ts';
import { freeSlots } from '../../src/core/slotPool.ts';
import type { ClusterState, Job } from '../../src/core/state.ts';
import { isLive, isTerminal } from '../../src/core/state.ts';
import { attemptKey } from '../../src/taskmanager/attemptKey.ts';
import { attemptName } from './history.ts';
import type { Workload } from './workload.ts';
import type { World } from './world.ts';

/** What keeps the cluster from being at rest; [] where it is. */
export function unrest(world: World, workload: Workload): string[] {
  return [...leadership(world), ...inputs(world), ...jobs(world, workload), ...taskManagers(world), ...attempts(world)];
}

function* leadership({ jobManagers, oracle }: World): Generator<string> {
  const leading = jobManagers.filter(({ jobManager }) => jobManager.role === 'leader').map(({ id }) => id);
  const { leader, offset } = oracle.state;
  if (leading.length !== 1 || leader === null || leading[0] !== leader.id || leader.restAddress === null)
    yield `${leading.join(' and ') || 'nobody'} believes to lead, and by the log ${leader?.id ?? 'nobody'} does`;
  for (const { id, jobManager } of jobManagers) {
    if (jobManager.state.offset !== offset) yield `${id} is at offset ${jobManager.state.offset} of ${offset}`;
  }
}

function* inputs({ broker, oracle, junk }: World): Generator<string> {
  for (const { topic, partition } of broker.places.values()) {
    if (topic !== 'commands' && topic !== 'status') continue;
    const { end } = broker.range(topic, partition);
    const answered = oracle.state.inputs.get(`${topic}/${partition}`) ?? -1;
    if (answered !== end - 1) yield `inputs of ${topic}/${partition} are answered up to ${answered} of ${end - 1}`;
  }
  for (const place of junk.unburied()) yield `${place} is not in dead-letters as it should`;
  for (const commandId of oracle.causes.commands) {
    if (commandId !== null && !oracle.history.answers.has(commandId)) yield `command ${commandId} is not answered`;
  }
}

function* jobs({ oracle, scenario }: World, workload: Workload): Generator<string> {
  const { state } = oracle;
  const policy = { ...scenario.policy, load: new Map() };
  for (const jobId of workload.acknowledged) {
    if (!state.jobs.has(jobId) && oracle.history.jobs.get(jobId)?.expired !== true)
      yield `job ${jobId} was acknowledged and is lost`;
  }
  for (const jobId of workload.cancelled) {
    const job = state.jobs.get(jobId);
    if (job !== undefined && !isTerminal(job.status)) yield `job ${jobId} was cancelled and is ${job.status.kind}`;
  }
  for (const job of state.jobs.values()) {
    const reason = unsettled(oracle.state, job, policy);
    if (reason !== null) yield `job ${job.id} is ${job.status.kind}: ${reason}`;
  }
}

function unsettled(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): string | null {
  const { status } = job;
  switch (status.kind) {
    case 'CANCELED':
    case 'FAILED':
    case 'FINISHED':
      return null;
    case 'SUSPENDED':
      return job.slots.size > 0 ? 'it holds slots' : null;
    case 'RUNNING': {
      const other = job.vertices
        .flatMap(({ subtasks }) => subtasks)
        .find(({ state: now }) => now !== 'RUNNING' && now !== 'FINISHED');
      if (other !== undefined) return `subtask ${other.vertex}/${other.index} is ${other.state}`;
      for (const { purpose, id } of job.checkpoints.pending.values())
        if (purpose !== 'PERIODIC') return `checkpoint ${id} for a ${purpose} is under way`;
      return lacksSlots(state, job, policy);
    }
    case 'CREATED':
    case 'RESTARTING': {
      const hold = holdOn(state, job);
      if (hold?.kind === 'until') return 'its start is still to come';
      if (hold?.kind === 'parent') return null;
      if (job.draining > 0) return `${job.draining} tasks of before its restart live`;
      if (status.queuedFor === null) return 'it is not queued for slots';
      // Slots may be kept for one that has waited long.
      const before = inOrder(state, policy);
      if (before.slice(0, before.indexOf(job as Job)).some((other) => blocksOthers(state, other, policy))) return null;
      // Where only some of its regions have failed the others run on, in slots that it keeps.
      const missing = status.queuedFor - job.slots.size;
      const free = freeSlots(state).length;
      const present = state.taskManagers.size;
      if (policy.driver !== null && present < policy.driver.maxTaskManagers && free < missing)
        return `it waits for slots, and only ${present} of ${policy.driver.maxTaskManagers} TaskManagers are there`;
      if (free >= missing) return `it waits for ${missing} slots and ${free} are free`;
      return startsSmaller(state, job, policy, free) ? 'it is still to start with fewer subtasks' : null;
    }
    default:
      return 'that is a passing state';
  }
}

/** In dynamic mode a job waits for all of its slots only for a while, however short or long that is. */
function startsSmaller(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy, free: number): boolean {
  if (policy.dynamic === null) return false;
  const impatient = { ...policy, dynamic: { ...policy.dynamic, startTimeoutMs: Number.NEGATIVE_INFINITY } };
  const smaller = adaptedParallelisms(state, job, impatient, free) ?? reasonToShrink(state, job, impatient, free);
  return smaller !== null;
}

/** In dynamic mode nothing runs at less than it wants beside slots that nobody uses. */
function lacksSlots(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): string | null {
  if (policy.dynamic === null || !canMove(job)) return null;
  if ([...state.jobs.values()].some(({ status }) => 'queuedFor' in status && status.queuedFor !== null)) return null;
  const now = currentParallelisms(job);
  const could = fittingParallelisms(job, job.slots.size + freeSlots(state).length) ?? now;
  return could.some((parallelism, index) => parallelism > (now[index] ?? 0))
    ? `it has parallelism ${now} and could have ${could}`
    : null;
}

function* taskManagers({ taskManagers: machines, oracle }: World): Generator<string> {
  const { state } = oracle;
  for (const requestId of state.requests.keys()) yield `${requestId} for a TaskManager is open`;
  for (const { id, executor } of machines) {
    const status = state.taskManagers.get(id)?.status.kind;
    if (status !== 'registered') yield `${id} is ${status ?? 'unknown'} in the log`;
    if (!executor.isRegistered) yield `${id} does not know that it is registered`;
  }
  for (const id of state.taskManagers.keys())
    if (!machines.some((machine) => machine.id === id)) yield `${id} has ended and is still in the log`;
}

/** Tasks live where the ledger says that they do, in the state that it says, and nowhere else. */
function* attempts({ taskManagers: machines, oracle }: World): Generator<string> {
  const expected = new Map<string, string>();
  for (const job of oracle.state.jobs.values()) {
    for (const { subtasks } of job.vertices) {
      for (const { vertex, index, attempt, state, slot } of subtasks)
        if (isLive(state)) expected.set(`${slot?.taskManagerId}:${attemptName(job.id, vertex, index, attempt)}`, state);
    }
  }
  for (const { id, workers } of machines) {
    for (const report of workers.tasks.attempts()) {
      const name = `${id}:${attemptKey(report)}`;
      const state = expected.get(name);
      if (state === undefined) yield `${name} is ${report.state}, and the ledger does not count it`;
      else if (state !== report.state) yield `${name} is ${report.state}, and ${state} in the ledger`;
      expected.delete(name);
    }
  }
  for (const [name, state] of expected) yield `${name} is ${state} in the ledger, and is not there`;
}
