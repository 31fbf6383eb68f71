// What the page asks of REST once: to cancel, to take a savepoint, to stop, each followed to its end.
import { askSoon } from './polling.ts';
import { problemOf, REQUEST_TIMEOUT_MS } from './problems.ts';

const POLL_MS = 300;
/** Longer than a JobManager takes to be replaced. */
const MAX_SILENCE_MS = 30_000;

export async function cancelJob(jobId: string): Promise<void> {
  await send('PATCH', `jobs/${jobId}?mode=cancel`);
  askSoon();
}

/** Null: into the folder that sluice.yaml names. Resolves with the savepoint's path. */
export async function takeSavepoint(jobId: string, directory: string | null): Promise<string> {
  return followed(jobId, await send('POST', `jobs/${jobId}/savepoints`, { 'target-directory': directory }));
}

/** As takeSavepoint; `drain`: event time goes to its end first. */
export async function stopJob(jobId: string, directory: string | null, drain: boolean): Promise<string> {
  return followed(jobId, await send('POST', `jobs/${jobId}/stop`, { targetDirectory: directory, drain }));
}

interface Operation {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation: {
    readonly location?: string;
    readonly 'failure-cause'?: { readonly 'stack-trace': string };
  } | null;
}

async function followed(jobId: string, triggered: unknown): Promise<string> {
  const id = (triggered as { 'request-id': string })['request-id'];
  let heardAt = performance.now();
  for (;;) {
    try {
      const { status, operation } = (await send('GET', `jobs/${jobId}/savepoints/${id}`)) as Operation;
      heardAt = performance.now();
      if (status.id === 'COMPLETED') {
        askSoon();
        const failure = operation?.['failure-cause']?.['stack-trace'];
        if (failure !== undefined) throw new Refused(failure.replace(/^java\.lang\.Exception: /, ''));
        return operation?.location ?? '';
      }
    } catch (error) {
      if (error instanceof Refused || performance.now() - heardAt > MAX_SILENCE_MS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The JobManager's own word, where other errors may pass. */
class Refused extends Error {}

async function send(method: string, path: string, body?: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch {
    throw new Error('The JobManager does not answer.');
  }
  const text = await response.text();
  if (!response.ok) throw new Refused(problemOf(response, text));
  return JSON.parse(text);
}
