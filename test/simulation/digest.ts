// Two ways to compare the states of two replicas: a few hundred numbers mixed into one, cheap enough for every step, and everything that
// there is, as text.
import type { ClusterState, Slot, SlotOwner, Subtask, SubtaskState } from '../../src/core/state.ts';

const PRIME = 0x01000193;
const STATES: readonly SubtaskState[] = [
  'CREATED',
  'DEPLOYING',
  'RUNNING',
  'CANCELING',
  'FINISHED',
  'CANCELED',
  'FAILED',
];

export function digestOf(state: Readonly<ClusterState>): number {
  let digest = 0x811c9dc5;
  const mix = (value: number): void => {
    digest = Math.imul(digest ^ (value | 0), PRIME);
    digest ^= digest >>> 15;
  };
  const mixText = (text: string): void => {
    mix(text.length);
    mix(text.charCodeAt(0));
    mix(text.charCodeAt(text.length - 1));
  };
  mix(state.epoch);
  mix(state.seq);
  mix(state.at);
  mixText(state.leader?.id ?? '');
  mix(state.voided.claims);
  mix(state.voided.commits);
  for (const offset of state.inputs.values()) mix(offset);
  for (const { status, usedSlots, slots } of state.taskManagers.values()) {
    mixText(status.kind);
    mix(usedSlots);
    mix(slots.length);
  }
  for (const job of state.jobs.values()) {
    mixText(job.status.kind);
    mix(job.live);
    mix(job.draining);
    mix(job.restarts);
    mix(job.slots.size);
    mix(job.failures.length);
    mix(job.checkpoints.nextId);
    mix(job.checkpoints.completed.length);
    mix(job.checkpoints.counts.failed);
    for (const { waitingFor, states } of job.checkpoints.pending.values()) mix(waitingFor.size * 1_000 + states.length);
    for (const { counts, subtasks } of job.vertices) {
      for (const name of STATES) mix(counts[name]);
      for (const { attempt } of subtasks) mix(attempt);
    }
  }
  mix(state.queue.size);
  mix(state.answers.size);
  return digest;
}

/** Everything, with maps and sets in their order: two states of one text are equal. It does not rely on what snapshots hold. */
export function textOf(state: Readonly<ClusterState>): string {
  return JSON.stringify(plain(state, false));
}

/** Slots and subtasks stand in lists in full, and everywhere else by name, since they point at each other. */
function plain(value: unknown, inList: boolean): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) return [...value].map(([key, entry]) => [key, plain(entry, false)]);
  if (value instanceof Set) return [...value].map((entry) => plain(entry, false));
  if (Array.isArray(value)) return value.map((entry) => plain(entry, true));
  if (!inList && 'owner' in value) {
    const { taskManagerId, index, managedMemoryBytes } = value as Slot;
    return `slot ${taskManagerId}/${index} of ${managedMemoryBytes} bytes`;
  }
  if (!inList && 'region' in value) {
    const { jobId, vertex, index } = value as Subtask;
    return `subtask ${jobId}/${vertex}/${index}`;
  }
  if ('slotSharingGroup' in value && 'subtasks' in value) {
    const { subtasks, ...owner } = value as SlotOwner;
    return { ...owner, subtasks: [...subtasks].map((subtask) => plain(subtask, false)).sort() };
  }
  const sorted = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, entry]) => [key, plain(entry, false)]));
}

/** Where two such texts part, for people. */
export function difference(actual: string, expected: string): string {
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const near = (text: string): string => text.slice(Math.max(0, at - 60), at + 60);
  return `has …${near(actual)}… where the log gives …${near(expected)}…`;
}
