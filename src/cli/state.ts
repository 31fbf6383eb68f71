// `sluice state`: the cluster, or one job, as the fold of the ledger has it now or had it after an earlier record.
import type { JobStatusDetail } from '../core/state.ts';
import { CliError } from './cliError.ts';
import { findJobId, foldLedger, withJournal } from './ledger.ts';
import { clip, screenWidth, timeOf } from './ledgerText.ts';
import type { DirOption } from './options.ts';
import { writeLines } from './output.ts';
import { type ClusterView, clusterView, type JobView, jobView } from './stateView.ts';

const BYTES_PER_MIB = 2 ** 20;

interface StateOptions extends DirOption {
  readonly at?: number;
  readonly json?: boolean;
}

export async function showState(jobId: string | undefined, { dir, at, json = false }: StateOptions): Promise<void> {
  const state = await withJournal(dir, async (backbone) => {
    const { end } = await backbone.channels.offsets('events', 0);
    if (at !== undefined && at >= end)
      throw new CliError('BAD_ARGUMENT', `The ledger ends before offset ${at}: its last record has offset ${end - 1}.`);
    const to = at === undefined ? end : at + 1;
    return foldLedger(backbone, { near: to, to });
  });
  if (jobId === undefined) {
    const view = clusterView(state);
    await writeLines(json ? [JSON.stringify(view, null, 2)] : clipped(clusterText(view)));
    return;
  }
  const found = findJobId(state, jobId);
  const job = found === null ? undefined : state.jobs.get(found);
  if (job === undefined)
    throw new CliError(
      'UNKNOWN_JOB',
      `The ledger had no job ${jobId} at offset ${state.offset - 1}: sluice state shows those that it had.`,
    );
  const view = jobView(job);
  await writeLines(json ? [JSON.stringify(view, null, 2)] : clipped(jobText(view)));
}

function clipped(lines: readonly string[]): string[] {
  return lines.map((line) => clip(line, screenWidth()));
}

/** A slot's share of its TaskManager's managed memory; all have the same. */
function sharesText([slot]: ClusterView['taskManagers'][number]['slots']): string {
  return slot === undefined ? '' : `, ${Math.floor(slot.managedMemoryBytes / BYTES_PER_MIB)} MiB managed memory a slot`;
}

function clusterText(view: ClusterView): string[] {
  const { offset, epoch, seq, at, leader, events, voided, taskManagers, jobs, queue, snapshots } = view;
  const rest = leader?.restAddress == null ? '' : `, ${leader.restAddress}`;
  const free = taskManagers.reduce((sum, { freeSlots }) => sum + freeSlots, 0);
  const all = taskManagers.reduce((sum, { slots }) => sum + slots.length, 0);
  return [
    `After offset ${offset - 1}: epoch ${epoch}, seq ${seq}, ${timeOf(at)}`,
    `${events} events; void: ${voided.claims} Claims, ${voided.commits} Commits, ${voided.foreign} others; ${snapshots.length} snapshots`,
    leader === null ? 'No leader' : `Leader ${leader.id} since ${timeOf(leader.claimedAt)}${rest}`,
    `TaskManagers: ${taskManagers.length}, ${free} of ${all} slots free, ${view.desiredTaskManagers} desired`,
    ...taskManagers.flatMap(({ id, status, slots }) => [
      `  ${id}  ${status.kind}${sharesText(slots)}`,
      ...slots.map(({ slot, jobId, tasks }) =>
        jobId === null
          ? `    slot ${slot}  free`
          : `    slot ${slot}  ${jobId.slice(0, 8)}  ${tasks.map(({ vertex, subtask, attempt }) => `${vertex}/${subtask}#${attempt}`).join(' ')}`,
      ),
    ]),
    `Jobs: ${jobs.length}, ${queue.length} waiting for slots`,
    ...jobs.map(({ jobId, name, status, tasks }) => `  ${jobId}  ${status.kind}  ${tasksText(tasks)}  ${name}`),
  ];
}

function jobText(view: JobView): string[] {
  const { jobId, name, status, submittedAt, restarts, vertices, checkpoints, failures, slots, timestamps } = view;
  const newest = checkpoints.retained.at(-1);
  return [
    `Job ${jobId}  ${name}`,
    `${statusText(status)} since ${timeOf(timestamps[status.kind] ?? submittedAt)}`,
    `Submitted ${timeOf(submittedAt)}, restarts: ${restarts}, slots: ${slots.length}`,
    `Arguments: ${view.args.length === 0 ? 'none' : view.args.join(' ')}`,
    ...vertices.flatMap(({ vertex, name: vertexName, tasks, subtasks }) => [
      `Vertex ${vertex}  ${vertexName}  ${tasksText(tasks)}`,
      ...subtasks.map(({ subtask, attempt, state, since, taskManagerId, slot, reason }) => {
        const place = taskManagerId === null ? '–' : `${taskManagerId}/${slot}`;
        const task = `${vertex}/${subtask}${attempt < 0 ? '' : `#${attempt}`}`;
        return `  ${task.padEnd(8)} ${state.padEnd(9)} ${place}  ${since === null ? '' : timeOf(since)}  ${reason ?? ''}`.trimEnd();
      }),
    ]),
    `Checkpoints: ${checkpoints.completed} completed, ${checkpoints.failed} failed, ${checkpoints.pending.length} under way` +
      (newest === undefined ? '' : `; the newest is ${newest.id}, ${timeOf(newest.completedAt)}`),
    ...checkpoints.savepoints.map(({ id, path }) => `  savepoint ${id}  ${path ?? ''}`),
    ...failures.map(({ at, taskManagerId, reason }) => `Failure ${timeOf(at)}  ${taskManagerId ?? ''}  ${reason}`),
  ];
}

function statusText(status: JobStatusDetail): string {
  switch (status.kind) {
    case 'CREATED':
    case 'RESTARTING':
      return status.queuedFor === null ? status.kind : `${status.kind}, waiting for ${status.queuedFor} slots,`;
    case 'FAILING':
    case 'FAILED':
      return `${status.kind} (${status.reason.split('\n')[0]})`;
    case 'STOPPING':
      return `STOPPING to ${status.purpose.toLowerCase()}`;
    case 'INITIALIZING':
    case 'RUNNING':
    case 'SUSPENDED':
    case 'CANCELLING':
    case 'CANCELED':
    case 'FINISHED':
      return status.kind;
    default:
      return status satisfies never;
  }
}

function tasksText(tasks: Readonly<Record<string, number>>): string {
  const some = Object.entries(tasks).filter(([, count]) => count > 0);
  return some.length === 0 ? 'no tasks' : some.map(([state, count]) => `${count} ${state}`).join(', ');
}
