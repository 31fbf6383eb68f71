// `sluice why`: how a job or a task came to be as it is. Each Commit that concerned it is a step, with the inputs that it answered, its events
// and how the state changed; the inputs that changed something last are read from their topics as long as those keep them.
import type { Channels } from '../codec/channels.ts';
import { readRange } from '../codec/readRange.ts';
import type { Cause } from '../core/schema.gen.ts';
import { CliError } from './cliError.ts';
import { JOB_ID_CHARS } from './jobIds.ts';
import { findJobId, foldLedger, type LedgerPorts, withJournal } from './ledger.ts';
import { causeText, factText, screenWidth, taskText, timeOf, wrap } from './ledgerText.ts';
import type { DirOption } from './options.ts';
import { writeLines } from './output.ts';
import { type Step, StepCollector, type Steps, type Subject, type Trimmed } from './whySteps.ts';

/** Inputs that are looked up: those of the last changes. */
const MAX_INPUTS = 40;
/** For each look; a topic may no longer have what it is asked for, and then says nothing. */
const INPUT_TIMEOUT_MS = 2_000;

interface WhyOptions extends DirOption {
  readonly json?: boolean;
}

type Explanation = Omit<Steps, 'steps'> & { readonly subject: Subject; readonly steps: readonly Explained[] };

type Explained = Step & { readonly inputs: readonly (Cause & { readonly was: string | null })[] };

export async function showWhy(text: string, { dir, json = false }: WhyOptions): Promise<void> {
  const given = parseSubject(text);
  const explanation = await withJournal(dir, async (backbone) => {
    const subject = await resolve(backbone, given);
    const collector = new StepCollector(subject);
    await foldLedger(backbone, {
      onBase: (state) => collector.begin(state),
      onEntry(entry, state) {
        collector.take(entry, state);
        return undefined;
      },
    });
    const found = collector.result();
    return { subject, ...found, steps: await explain(backbone.channels, found.steps) };
  });
  const { trimmed, steps } = explanation;
  if (steps.length === 0 && (trimmed?.state ?? null) === null)
    throw new CliError('UNKNOWN_JOB', `The ledger has nothing on ${text}: sluice state shows the jobs that it has.`);
  await writeLines(json ? [JSON.stringify(explanation, null, 2)] : report(explanation));
}

/** `JOBID` or `JOBID/VERTEX/SUBTASK[#ATTEMPT]`. */
export function parseSubject(text: string): Subject {
  const match = /^([0-9a-f]{1,32})(?:\/(\d+)\/(\d+)(?:#(\d+))?)?$/.exec(text);
  if (match === null)
    throw new CliError('BAD_ARGUMENT', `"${text}" is neither a JOBID nor a JOBID/VERTEX/SUBTASK[#ATTEMPT].`);
  const [, jobId = '', vertex, subtask, attempt] = match;
  if (vertex === undefined) return { jobId, task: null };
  const task = {
    vertex: Number(vertex),
    subtask: Number(subtask),
    attempt: attempt === undefined ? null : Number(attempt),
  };
  return { jobId, task };
}

/** With the whole JobID. A job that was forgotten is found by its whole id alone. */
async function resolve(ports: LedgerPorts, subject: Subject): Promise<Subject> {
  if (subject.jobId.length === JOB_ID_CHARS) return subject;
  const jobId = findJobId(await foldLedger(ports, { near: Number.POSITIVE_INFINITY }), subject.jobId);
  if (jobId === null)
    throw new CliError(
      'UNKNOWN_JOB',
      `The ledger has no job ${subject.jobId}: sluice state shows the jobs that it has.`,
    );
  return { ...subject, jobId };
}

async function explain(channels: Channels, steps: readonly Step[]): Promise<Explained[]> {
  const changes = new Set(steps.filter(({ before, after }) => before !== after).slice(-MAX_INPUTS));
  const explained: Explained[] = [];
  for (const step of steps) {
    const inputs = [];
    for (const cause of step.causes)
      inputs.push({ ...cause, was: changes.has(step) ? await describeInput(channels, cause) : null });
    explained.push({ ...step, inputs });
  }
  return explained;
}

/** Null where the topic has it no more. */
async function describeInput(channels: Channels, { topic, partition, offset }: Cause): Promise<string | null> {
  // Only what the leader read as an input is named here, and the ledger's word is not a promise that the topic is one of ours.
  if (topic !== 'commands' && topic !== 'status') return null;
  const { earliest, end } = await channels.offsets(topic, partition);
  if (offset < earliest || offset >= end) return null;
  let was: string | null = null;
  const reading = readRange(channels, topic, {
    partition,
    from: offset,
    to: offset + 1,
    onDelivery(delivery) {
      was = delivery.kind === 'message' ? factText(delivery.message) : `an input that is ${delivery.kind}`;
      const sender = delivery.headers.ce_source;
      if (topic === 'commands' && sender !== undefined) was = `from ${sender}: ${was}`;
    },
    signal: AbortSignal.timeout(INPUT_TIMEOUT_MS),
  });
  // What the topic does not give now is not known, and the rest is told all the same.
  await reading.catch(() => null);
  return was;
}

function trimmedText({ offset, state, job }: Trimmed): string[] {
  const before = `What came before offset ${offset} was trimmed; by then it was ${state ?? 'not there'}`;
  if (job === undefined) return [`${before}.`];
  const { submittedAt, commandId, restarts } = job;
  return [`${before}:`, `  submitted ${timeOf(submittedAt)} by command ${commandId}`, `  restarts: ${restarts}`];
}

function report({ subject, trimmed, steps, leftOut }: Explanation): string[] {
  const { jobId, task } = subject;
  const lines = [
    task === null
      ? `Job ${jobId}`
      : `Task ${taskText({ jobId, vertex: task.vertex, subtask: task.subtask }, task.attempt ?? undefined)}`,
  ];
  if (trimmed !== null) lines.push(...trimmedText(trimmed));
  if (leftOut > 0) lines.push(`… ${leftOut} steps in the middle are left out: sluice log --json has them`);
  for (const { offset, at, events, before, after, inputs } of steps) {
    const change = before === after ? '' : `  ${before ?? '(none)'} → ${after ?? '(none)'}`;
    lines.push(`#${String(offset).padEnd(6)} ${timeOf(at)}${change}`);
    if (inputs.length === 0) lines.push('  ← the leader itself: a timer, a plan, or what it heard');
    for (const { was, ...cause } of inputs) lines.push(`  ← ${causeText(cause)}${was === null ? '' : `  ${was}`}`);
    for (const { text, times } of events) lines.push(`    ${text}${times > 1 ? ` ×${times}` : ''}`);
  }
  const last = steps.findLast(({ before, after }) => before !== after);
  if (last === undefined)
    lines.push(`It is ${steps.at(-1)?.after ?? trimmed?.state ?? 'not there'} since before that.`);
  else {
    const so = last.after === null ? 'It is no longer remembered' : `It is ${last.after}`;
    lines.push(`${so} since offset ${last.offset}, ${timeOf(last.at)}.`);
  }
  return lines.flatMap((line) => wrap(line, screenWidth()));
}
