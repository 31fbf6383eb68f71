// Which process a pid stood for when it was noted. A pid alone may have been given to a stranger since, so a process counts as alive,
// and is signalled, only while its start time and its command line are still those that were noted.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  readonly id: string;
  readonly pid: number;
  /** As the system tells it, for comparison only. */
  readonly startedAt: string;
}

const POLL_INTERVAL_MS = 10;
/** Field 22 of /proc/<pid>/stat; counted behind the command's name, which may hold blanks. */
const START_TIME_FIELD = 22 - 3;

interface Observed {
  readonly startedAt: string;
  readonly commandLine: string;
}

/** Of a running process; null where there is none (a zombie has ended). */
async function observe(pid: number): Promise<Observed | null> {
  return process.platform === 'linux' ? observeProc(pid) : observePs(pid);
}

async function observeProc(pid: number): Promise<Observed | null> {
  try {
    const [stat, commandLine] = await Promise.all([
      fs.readFile(`/proc/${pid}/stat`, 'utf8'),
      fs.readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return { startedAt: fields[START_TIME_FIELD] ?? '', commandLine };
  } catch {
    return null;
  }
}

async function observePs(pid: number): Promise<Observed | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', [
      '-ww',
      '-o',
      'stat=',
      '-o',
      'lstart=',
      '-o',
      'command=',
      '-p',
      String(pid),
    ]);
    // lstart is five words: "Sat Nov 21 08:04:11 2026".
    const match = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/s.exec(stdout);
    if (match === null || match[1]!.startsWith('Z')) return null;
    return { startedAt: match[2]!, commandLine: match[3]! };
  } catch {
    return null;
  }
}

/** Of this process. */
export async function ownStartTime(): Promise<string> {
  return (await observe(process.pid))?.startedAt ?? '';
}

export async function isAlive({ id, pid, startedAt }: ProcessIdentity): Promise<boolean> {
  const observed = await observe(pid);
  return observed !== null && observed.startedAt === startedAt && observed.commandLine.includes(id);
}

/** Signals the process if it is still the one that was noted; says whether. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits for the process to end; false where it lives beyond the bound. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (await isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  return true;
}
