// Replacing the leader changes no attempt: what runs before a new leader's first decision runs on after it.
import type { Commit } from '../../src/core/schema.gen.ts';
import type { ClusterState, SubtaskState } from '../../src/core/state.ts';

type Attempts = ReadonlyMap<string, { readonly attempt: number; readonly state: SubtaskState }>;

/** Attempts of the jobs that run undisturbed, by job and subtask. */
export function attemptsOf(state: Readonly<ClusterState>): ReadonlyMap<string, Attempts> {
  const jobs = new Map<string, Attempts>();
  for (const job of state.jobs.values()) {
    if (job.status.kind !== 'RUNNING') continue;
    const subtasks = job.vertices.flatMap((vertex) => vertex.subtasks);
    // A failure whose consequence the last leader could not record any more is the next one's to decide.
    if (subtasks.some((subtask) => subtask.state === 'FAILED')) continue;
    jobs.set(
      job.id,
      new Map(
        subtasks.map(({ vertex, index, attempt, state: now }) => [`${vertex}/${index}`, { attempt, state: now }]),
      ),
    );
  }
  return jobs;
}

/** What the first Commit of an epoch changed of them, as sentences. */
export function* changedAttempts(
  before: ReadonlyMap<string, Attempts>,
  state: Readonly<ClusterState>,
  commit: Commit,
): Generator<string> {
  const first = commit.events[0]?.type;
  if (first !== 'LeadershipConfirmed') yield `epoch ${commit.epoch} begins with ${first}`;
  // Inputs that came with the first decision have consequences of their own.
  if (commit.causes.length > 0) return;
  for (const [jobId, attempts] of before) {
    // So has a checkpoint that expired while nobody led.
    if (commit.events.some((event) => event.type === 'CheckpointAborted' && event.jobId === jobId)) continue;
    const job = state.jobs.get(jobId);
    for (const vertex of job?.vertices ?? []) {
      for (const { index, attempt, state: now } of vertex.subtasks) {
        const was = attempts.get(`${vertex.index}/${index}`);
        if (was === undefined || was.attempt !== attempt || was.state !== now)
          yield `the new leader of epoch ${commit.epoch} changed subtask ${vertex.index}/${index} of job ${jobId} from attempt ${was?.attempt} ${was?.state} to ${attempt} ${now}`;
      }
    }
  }
}
