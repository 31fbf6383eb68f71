// What must hold of every state that a ledger can fold to. Checked by property tests and by the simulation after each step.
import { countOf, subtasksIn } from './executionGraph.ts';
import type { ClusterState, Job, SubtaskState } from './state.ts';
import { isLive, isTerminal } from './state.ts';

const STATES: readonly SubtaskState[] = [
  'CREATED',
  'DEPLOYING',
  'RUNNING',
  'CANCELING',
  'FINISHED',
  'CANCELED',
  'FAILED',
];

/** Every violation, as a sentence; [] where all is well. Scans everything: not for the hot path. */
export function violations(state: Readonly<ClusterState>): string[] {
  const found: string[] = [];
  for (const job of state.jobs.values()) found.push(...jobViolations(state, job));
  for (const taskManager of state.taskManagers.values()) {
    const used = taskManager.slots.filter(({ owner }) => owner !== null).length;
    if (used !== taskManager.usedSlots)
      found.push(`TaskManager ${taskManager.id} counts ${taskManager.usedSlots} used slots, has ${used}`);
    for (const slot of taskManager.slots) {
      const where = `slot ${taskManager.id}/${slot.index}`;
      if (slot.owner === null) continue;
      const job = state.jobs.get(slot.owner.jobId);
      if (!job?.slots.has(slot)) found.push(`${where} belongs to job ${slot.owner.jobId}, which does not hold it`);
      const seen = new Set<number>();
      for (const subtask of slot.owner.subtasks) {
        if (subtask.jobId !== slot.owner.jobId)
          found.push(`${where} of job ${slot.owner.jobId} runs a task of job ${subtask.jobId}`);
        if (!isLive(subtask.state) || subtask.slot !== slot)
          found.push(`${where} lists a task that is ${subtask.state} or elsewhere`);
        if (seen.has(subtask.vertex)) found.push(`${where} holds two subtasks of vertex ${subtask.vertex}`);
        seen.add(subtask.vertex);
      }
    }
  }
  for (const jobId of state.queue) if (!state.jobs.has(jobId)) found.push(`job ${jobId} is queued and does not exist`);
  return found;
}

function jobViolations(state: Readonly<ClusterState>, job: Readonly<Job>): string[] {
  const found: string[] = [];
  let live = 0;
  let draining = 0;
  for (const vertex of job.vertices) {
    for (const name of STATES) {
      const actual = vertex.subtasks.filter((subtask) => subtask.state === name).length;
      if (actual !== vertex.counts[name])
        found.push(`job ${job.id} vertex ${vertex.index} counts ${vertex.counts[name]} ${name}, has ${actual}`);
    }
    for (const subtask of vertex.subtasks) {
      if (!isLive(subtask.state)) continue;
      live++;
      if (subtask.run !== job.regions[subtask.region]?.run) draining++;
      if (subtask.slot?.owner?.subtasks.has(subtask) !== true)
        found.push(`job ${job.id} has a live task without its slot`);
    }
  }
  found.push(...checkpointViolations(job));
  if (live !== job.live) found.push(`job ${job.id} counts ${job.live} live attempts, has ${live}`);
  if (draining !== job.draining) found.push(`job ${job.id} counts ${job.draining} draining attempts, has ${draining}`);
  if (isTerminal(job.status)) {
    if (job.live > 0) found.push(`job ${job.id} is ${job.status.kind} with ${job.live} live attempts`);
    if (job.slots.size > 0) found.push(`job ${job.id} is ${job.status.kind} and holds ${job.slots.size} slots`);
    if (state.queue.has(job.id)) found.push(`job ${job.id} is ${job.status.kind} and queued`);
  }
  const waits = job.status.kind === 'CREATED' || job.status.kind === 'RESTARTING';
  if (waits !== state.queue.has(job.id))
    found.push(`job ${job.id} is ${job.status.kind} and ${waits ? 'not ' : ''}queued`);
  if (job.status.kind === 'FINISHED' && countOf(job, 'FINISHED') !== [...subtasksIn(job, ...STATES)].length) {
    found.push(`job ${job.id} is FINISHED and not all of its tasks are`);
  }
  return found;
}

function checkpointViolations(job: Readonly<Job>): string[] {
  const found: string[] = [];
  const { pending, completed, nextId } = job.checkpoints;
  if (pending.size > 0 && job.status.kind !== 'RUNNING')
    found.push(`job ${job.id} is ${job.status.kind} with a checkpoint under way`);
  for (const checkpoint of pending.values()) {
    for (const subtask of checkpoint.waitingFor) {
      if (checkpoint.broken === null && subtask.state !== 'RUNNING')
        found.push(`checkpoint ${checkpoint.id} waits for a task that is ${subtask.state}`);
    }
  }
  for (const [index, { id, parallelisms, states }] of completed.entries()) {
    if (id >= nextId || id <= (completed[index - 1]?.id ?? 0))
      found.push(`job ${job.id} keeps checkpoints out of order`);
    const all = parallelisms.reduce((sum, parallelism) => sum + parallelism, 0);
    if (states.length !== all) found.push(`checkpoint ${id} of job ${job.id} has ${states.length} acks of ${all}`);
  }
  return found;
}
