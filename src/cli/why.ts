// `sluice why`: how a job or a task came to be as it is. Each Commit that concerned it is a step, with the inputs that it answered, its events
// and how the state changed; the inputs that changed something last are read from their topics as long as those keep them.
import type { Channels } from '../codec/channels.ts';
import type { TopicName } from '../core/messages.ts';
import type { Cause } from '../core/schema.gen.ts';
import { CliError } from './cliError.ts';
import { findJobId, foldLedger, withJournal } from './ledger.ts';
import { causeText, clip, factText, screenWidth, taskText, timeOf } from './ledgerText.ts';
import type { DirOption } from './options.ts';
import { writeLines } from './output.ts';
import { type Step, StepCollector, type Subject } from './whySteps.ts';

/** Inputs that are looked up: those of the last changes. */
const MAX_INPUTS = 40;
/** For each look; a topic may no longer have what it is asked for, and then says nothing. */
const INPUT_TIMEOUT_MS = 2_000;
const JOB_ID_CHARS = 32;

interface WhyOptions extends DirOption {
  readonly json?: boolean;
}

type Explained = Step & { readonly inputs: readonly (Cause & { readonly was: string | null })[] };

export async function showWhy(text: string, { dir, json = false }: WhyOptions): Promise<void> {
  const given = parseSubject(text);
  const { steps, leftOut, subject } = await withJournal(dir, async ({ channels }) => {
    const subject = await resolve(channels, given);
    const collector = new StepCollector(subject);
    await foldLedger(channels, {
      onEntry(entry, state) {
        collector.take(entry, state);
        return undefined;
      },
    });
    return { ...collector.result(), subject, steps: await explain(channels, collector.result().steps) };
  });
  if (steps.length === 0)
    throw new CliError('UNKNOWN_JOB', `The ledger has nothing on ${text}: sluice state shows the jobs that it has.`);
  if (json) console.log(JSON.stringify({ subject, leftOut, steps }, null, 2));
  else await writeLines(report(subject, steps, leftOut));
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
async function resolve(channels: Channels, subject: Subject): Promise<Subject> {
  if (subject.jobId.length === JOB_ID_CHARS) return subject;
  const jobId = findJobId(await foldLedger(channels), subject.jobId);
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
  return new Promise((resolve, reject) => {
    const done = (what: string | null): void => {
      clearTimeout(timer);
      resolve(what);
      following.then((tail) => tail.close()).catch(() => {});
    };
    const timer = setTimeout(() => done(null), INPUT_TIMEOUT_MS);
    const following = channels.follow(topic satisfies TopicName, {
      partitions: [partition],
      from: () => offset,
      onBatch({ deliveries, next }) {
        const found = deliveries.find((delivery) => delivery.offset === offset);
        if (found === undefined) return next > offset ? done(null) : undefined;
        return done(found.kind === 'message' ? factText(found.message) : `an input that is ${found.kind}`);
      },
      onError: () => done(null),
    });
    following.catch(reject);
  });
}

function report(subject: Subject, steps: readonly Explained[], leftOut: number): string[] {
  const { jobId, task } = subject;
  const lines = [
    task === null
      ? `Job ${jobId}`
      : `Task ${taskText({ jobId, vertex: task.vertex, subtask: task.subtask }, task.attempt ?? undefined)}`,
  ];
  if (leftOut > 0) lines.push(`… ${leftOut} steps in the middle are left out: sluice log --json has them`);
  for (const { offset, at, events, before, after, inputs } of steps) {
    const change = before === after ? '' : `  ${before ?? '(none)'} → ${after ?? '(none)'}`;
    lines.push(`#${String(offset).padEnd(6)} ${timeOf(at)}${change}`);
    if (inputs.length === 0) lines.push('  ← the leader itself: a timer, a plan, or what it heard');
    for (const { was, ...cause } of inputs) lines.push(`  ← ${causeText(cause)}${was === null ? '' : `  ${was}`}`);
    for (const { text, times } of events) lines.push(`    ${text}${times > 1 ? ` ×${times}` : ''}`);
  }
  const last = steps.findLast(({ before, after }) => before !== after);
  if (last !== undefined) {
    const so = last.after === null ? 'It is no longer remembered' : `It is ${last.after}`;
    lines.push(`${so} since offset ${last.offset}, ${timeOf(last.at)}.`);
  }
  return lines.map((line) => clip(line, screenWidth()));
}
