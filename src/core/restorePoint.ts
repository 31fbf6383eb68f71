// What a job's runs start from: the newest complete checkpoint that is whole, else what the job itself was started from. A savepoint that a
// submission names is read by an errand; what its manifest says is judged here against the graph and recorded, before any slot is asked for.
// A checkpoint whose state turns out damaged is passed over for good, so that each failure leaves fewer to try; without any left the job fails.
import { folderOfPlace } from './checkpointConfig.ts';
import type { CompletedCheckpoint } from './checkpointState.ts';
import { CorruptLedger } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { handleIn } from './manifest.ts';
import type { ClusterEvent, JobGraph, SubtaskState } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';

/** States in one event; keeps each within a record whatever the job's size. */
const STATES_PER_EVENT = 1_000;
/** Damaged checkpoints that a job remembers. */
const MAX_DAMAGED = 16;
/** Operators that a refusal names of each side. */
const MAX_NAMED = 10;

export type RestorePointEvent = Extract<
  ClusterEvent,
  { type: 'CheckpointDamaged' | 'RestoreStatesRead' | 'JobRestorePointSet' }
>;

/** What a new run starts from; null: empty. */
export function restorePoint(job: Readonly<Job>): CompletedCheckpoint | null {
  return job.checkpoints.completed.at(-1) ?? job.checkpoints.restored;
}

/** Why the job cannot start any more, or null: it had state, and none of it is whole. */
export function nothingToRestore(job: Readonly<Job>): string | null {
  const last = job.checkpoints.damaged.at(-1);
  if (last === undefined || restorePoint(job) !== null) return null;
  return `no undamaged checkpoint is left to restore; the last was ${last.id}: ${last.reason}`;
}

/** The job waits for the manifest of what it is to start from. */
export function awaitsRestorePoint(job: Readonly<Job>): boolean {
  return job.status.kind === 'INITIALIZING' && job.graph.vertices.length > 0 && job.options.savepointPath !== null;
}

/** The manifest was read: what it says becomes what the job starts from, or the reason why it cannot. */
export function* decideRestorePoint(job: Readonly<Job>, path: string, manifest: Manifest): Generator<ClusterEvent> {
  const { id: jobId, graph, options, checkpoints } = job;
  if (!awaitsRestorePoint(job) || path !== options.savepointPath) return;
  const problem = mismatch(graph, manifest, options.allowNonRestoredState);
  if (problem !== null) {
    yield { type: 'JobFailing', jobId, reason: `the job cannot start from ${path}: ${problem}` };
    return;
  }
  const folder = folderOfPlace(path);
  const { states, parallelisms } = assign(graph, manifest, folder);
  // What an earlier leader has recorded of them is there already.
  while (checkpoints.restoring.length < states.length) {
    const from = checkpoints.restoring.length;
    yield { type: 'RestoreStatesRead', jobId, states: states.slice(from, from + STATES_PER_EVENT) };
  }
  const { checkpointId, purpose, triggeredAt } = manifest;
  yield { type: 'JobRestorePointSet', jobId, path: folder, checkpointId, purpose, triggeredAt, parallelisms };
}

/** Why the state does not fit the graph, or null. */
function mismatch(graph: JobGraph, manifest: Manifest, allowNonRestoredState: boolean): string | null {
  const places = placesOf(graph);
  const unclaimed: string[] = [];
  for (const { name, maxParallelism, operators } of manifest.vertices) {
    for (const operator of operators) {
      if (!operator.stateful) continue;
      const vertex = graph.vertices[places.get(operator.uid) ?? -1];
      if (vertex === undefined) unclaimed.push(`'${operator.uid}' (${operator.name})`);
      else if (vertex.maxParallelism !== maxParallelism) {
        return `'${name}' has state by max parallelism ${maxParallelism}, and the job has ${vertex.maxParallelism} for '${vertex.name}': set its max parallelism to ${maxParallelism}`;
      }
    }
  }
  if (unclaimed.length === 0 || allowNonRestoredState) return null;
  const known = graph.vertices.flatMap((vertex) => vertex.operators.map(({ uid, name }) => `'${uid}' (${name})`));
  return `it has state of operators with the uids ${named(unclaimed)}, which the job has not; the job has ${named(known)}. Give operators the uids that they had, or pass --allow-non-restored-state to drop that state`;
}

function named(operators: readonly string[]): string {
  const rest = operators.length - MAX_NAMED;
  return `${operators.slice(0, MAX_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Vertex by operator uid. */
function placesOf(graph: JobGraph): Map<string, number> {
  return new Map(graph.vertices.flatMap(({ operators }, index) => operators.map(({ uid }) => [uid, index] as const)));
}

/** Each vertex gets the state of every vertex that an operator of it was in; a task takes from it what its operators own. */
function assign(graph: JobGraph, manifest: Manifest, path: string): { states: SubtaskState[]; parallelisms: number[] } {
  const places = placesOf(graph);
  const sources: Set<number>[] = graph.vertices.map(() => new Set());
  for (const [index, { operators }] of manifest.vertices.entries()) {
    for (const { uid, stateful } of operators) if (stateful) sources[places.get(uid) ?? -1]?.add(index);
  }
  const parallelisms = sources.map((from) => {
    const [first = 0, ...others] = new Set([...from].map((index) => manifest.vertices[index]?.parallelism ?? 0));
    return others.length === 0 ? first : 0;
  });
  const states = manifest.states.flatMap(({ vertex: source, subtask, handle, bytes, shared }) =>
    sources.flatMap((from, vertex): SubtaskState[] =>
      from.has(source)
        ? [
            {
              vertex,
              subtask,
              handle: handleIn(path, handle),
              bytes,
              shared: shared.map((file) => handleIn(path, file)),
              operators: [],
              metrics: null,
              inputEnded: false,
              ackedAt: 0,
            },
          ]
        : [],
    ),
  );
  return { states, parallelisms };
}

/** Changes `state` in place. JobRestorePointSet leaves the job's status to its own subject. */
export function evolveRestorePoint(state: ClusterState, event: RestorePointEvent): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined) throw new CorruptLedger(`${event.type} names job ${event.jobId}, which does not exist`);
  const { checkpoints } = job;
  switch (event.type) {
    case 'CheckpointDamaged': {
      const { checkpointId: id, handle, reason } = event;
      const index = checkpoints.completed.findIndex((checkpoint) => checkpoint.id === id);
      if (index !== -1) checkpoints.completed.splice(index, 1);
      else if (checkpoints.restored?.id === id) checkpoints.restored = null;
      else throw new CorruptLedger(`CheckpointDamaged names checkpoint ${id}, which job ${job.id} does not keep`);
      checkpoints.damaged.push({ id, damagedAt: state.at, handle, reason });
      if (checkpoints.damaged.length > MAX_DAMAGED) checkpoints.damaged.shift();
      return;
    }
    case 'RestoreStatesRead':
      checkpoints.restoring.push(...event.states);
      return;
    case 'JobRestorePointSet': {
      const { path, checkpointId: id, purpose, triggeredAt, parallelisms } = event;
      const states = checkpoints.restoring.splice(0);
      const bytes = states.reduce((sum, state) => sum + state.bytes, 0);
      checkpoints.restored = { id, purpose, triggeredAt, completedAt: state.at, path, bytes, parallelisms, states };
      checkpoints.nextId = id + 1;
      return;
    }
    default:
      event satisfies never;
  }
}
