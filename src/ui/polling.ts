// What the page shows of the cluster: paths of REST, asked for again each second as long as a view uses them and the page is seen. A round ends
// before the next begins, so a slow server is not asked more. What was heard last stays when the JobManager is away, and the page says of when
// it is.
import { useEffect, useState } from 'preact/hooks';
import { problemOf, REQUEST_TIMEOUT_MS } from './problems.ts';

const INTERVAL_MS = 1_000;

/** Of one path: what was heard last, and what the last answer was instead; neither before the first. */
export interface Resource<T> {
  readonly data: T | null;
  readonly problem: string | null;
}

export interface Connection {
  readonly reachable: boolean;
  /** By this computer's clock, Unix ms; null: never. */
  readonly lastAnswerAt: number | null;
}

interface Watched {
  users: number;
  resource: Resource<unknown>;
  /** Body of the last answer, to tell whether anything changed. */
  body: string;
  readonly listeners: Set<() => void>;
}

const watched = new Map<string, Watched>();
const connectionListeners = new Set<() => void>();
let connection: Connection = { reachable: true, lastAnswerAt: null };
let timer: ReturnType<typeof setTimeout> | null = null;
let isAsking = false;
/** A path came, or the page is seen again, during a round. */
let isDue = false;

/** `path` is relative to the page, so that it works behind a proxy, too. */
export function useResource<T>(path: string): Resource<T> {
  const [, render] = useState({});
  useEffect(() => {
    const entry = watched.get(path) ?? { users: 0, resource: NOTHING_YET, body: '', listeners: new Set() };
    const listener = () => render({});
    watched.set(path, entry);
    entry.users++;
    entry.listeners.add(listener);
    // Another view may have it already.
    if (entry.resource !== NOTHING_YET) listener();
    askSoon();
    return () => {
      entry.listeners.delete(listener);
      if (--entry.users === 0) watched.delete(path);
    };
  }, [path]);
  return (watched.get(path)?.resource ?? NOTHING_YET) as Resource<T>;
}

const NOTHING_YET: Resource<never> = { data: null, problem: null };

export function useConnection(): Connection {
  const [, render] = useState({});
  useEffect(() => {
    const listener = () => render({});
    connectionListeners.add(listener);
    return () => void connectionListeners.delete(listener);
  }, []);
  return connection;
}

/** Asks for everything that is used at once, as after something was changed. */
export function askSoon(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  if (document.hidden) return;
  if (isAsking) isDue = true;
  else timer = setTimeout(ask, 0);
}

document.addEventListener('visibilitychange', askSoon);

async function ask(): Promise<void> {
  timer = null;
  isAsking = true;
  const answered = await Promise.all([...watched].map(([path, entry]) => askFor(path, entry)));
  isAsking = false;
  if (answered.length > 0) noteConnection(answered.some((heard) => heard));
  if (isDue) {
    isDue = false;
    askSoon();
  } else if (!document.hidden) timer = setTimeout(ask, INTERVAL_MS);
}

/** Whether anything answered. */
async function askFor(path: string, entry: Watched): Promise<boolean> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    body = await response.text();
  } catch {
    return false;
  }
  const { ok } = response;
  if (ok && body === entry.body && entry.resource.problem === null) return true;
  entry.body = ok ? body : '';
  try {
    entry.resource = ok
      ? { data: JSON.parse(body), problem: null }
      : { data: entry.resource.data, problem: problemOf(response, body) };
  } catch {
    entry.resource = { data: entry.resource.data, problem: `The answer to ${path} is not JSON.` };
  }
  for (const listener of entry.listeners) listener();
  return true;
}

function noteConnection(reachable: boolean): void {
  const before = connection;
  connection = { reachable, lastAnswerAt: reachable ? Date.now() : before.lastAnswerAt };
  if (before.reachable === reachable) return;
  for (const listener of connectionListeners) listener();
}
