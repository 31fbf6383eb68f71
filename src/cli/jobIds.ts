// Which job a person means: a JobID, or the beginning of one that no other job has. Where several have it they are listed, so that the next
// try is right.
import type { JobClient } from '../client/jobClient.ts';
import { CliError } from './cliError.ts';

export const JOB_ID_CHARS = 32;
/** Jobs that are listed where several are meant. */
const MAX_CANDIDATES = 8;

/** With `sluice: ` before it, a line of an 80-column terminal. */
const MAX_LINE_CHARS = 72;

interface Candidate {
  readonly jobId: string;
  readonly name: string;
  readonly state: string;
}

/** Throws where it is not even the beginning of a JobID. */
export function checkJobId(text: string): void {
  if (!/^[0-9a-f]{1,32}$/.test(text))
    throw new CliError(
      'BAD_ARGUMENT',
      `"${text.slice(0, 2 * JOB_ID_CHARS)}" is no JobID: those are 32 hex digits, or the first few of them, as sluice list shows them.`,
    );
}

/** Null where no job begins so; throws where several do. */
export function matchJobId(text: string, jobs: Iterable<Candidate>): string | null {
  checkJobId(text);
  const found = [...jobs].filter(({ jobId }) => jobId.startsWith(text));
  if (found.length > 1) {
    const shown = found
      .slice(0, MAX_CANDIDATES)
      .map(({ jobId, name, state }) => `  ${jobId}  ${state}  ${name}`.slice(0, MAX_LINE_CHARS));
    if (found.length > shown.length) shown.push(`  … and ${found.length - shown.length} more`);
    throw new CliError(
      'BAD_ARGUMENT',
      [`${found.length} jobs begin with "${text}": give more of the JobID.`, ...shown].join('\n'),
    );
  }
  return found[0]?.jobId ?? null;
}

export function noSuchJob(text: string): CliError {
  const what = text.length < JOB_ID_CHARS ? `No job begins with "${text}"` : `Job ${text} was not found`;
  return new CliError('UNKNOWN_JOB', `${what}: sluice list --all shows the jobs that there are.`);
}

/** Of those that the cluster remembers. A whole id is taken at its word: whether it is one of a job is for the leader to say. */
export async function wholeJobId(client: JobClient, text: string): Promise<string> {
  checkJobId(text);
  if (text.length === JOB_ID_CHARS) return text;
  const jobId = matchJobId(text, await client.list());
  if (jobId === null) throw noSuchJob(text);
  return jobId;
}
