// A process's own folder below io.tmp.dirs, for what it needs no longer than it lives. Whoever makes one first removes those of processes that ended without
// doing so. A process is known by its number and by when it was started, since numbers come again.
import fs from 'node:fs';
import path from 'node:path';

const NAME = /^sluice-(\d+)-(\d+)(?:-.*)?$/;
/** Field of /proc/<pid>/stat, counted behind the command's closing bracket. */
const STARTED_AT_FIELD = 19;

/** The folder is made when something is put there. `owner`: of several in one process. */
export function claimWorkingFolder(root: string, owner: string): string {
  for (const name of entriesOf(root)) {
    const [, pid, startedAt] = NAME.exec(name) ?? [];
    if (pid === undefined || startTimeOf(Number(pid)) === startedAt) continue;
    fs.rmSync(path.join(root, name), { recursive: true, force: true });
  }
  return path.join(root, `sluice-${process.pid}-${startTimeOf(process.pid)}-${owner.replaceAll(/[^\w.-]/g, '_')}`);
}

interface AttemptRef {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
}

/** Of a task's attempt, in the process's own. */
export function taskFolder(folder: string, { jobId, vertex, subtask, attempt }: AttemptRef): string {
  return path.join(folder, `${jobId}-${vertex}-${subtask}-${attempt}`);
}

/** What the attempts left that ended with their thread. */
export function removeTaskFolders(folders: readonly string[], attempts: readonly AttemptRef[]): void {
  for (const folder of folders) for (const attempt of attempts) removeWorkingFolder(taskFolder(folder, attempt));
}

export function removeWorkingFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
}

function entriesOf(root: string): string[] {
  try {
    return fs.readdirSync(root);
  } catch {
    // Nothing was put there yet.
    return [];
  }
}

/** Null: there is no such process. Where the system does not tell, all that live count as started at 0. */
function startTimeOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null;
  }
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[STARTED_AT_FIELD] ?? '0';
  } catch {
    return '0';
  }
}
