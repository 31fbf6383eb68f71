// Starts processes of a cluster in the background. A starting process says over its IPC channel that it is up, or why it is not;
// then the channel closes and the process is on its own.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.ts';
import { CliError } from './cliError.ts';
import type { ClusterDir, ProcessEntry, ProcessKind } from './clusterDir.ts';

/** What a process says once to the command that started it. */
export type LaunchReport =
  | { readonly kind: 'started'; readonly entry: ProcessEntry }
  | { readonly kind: 'failed'; readonly message: string };

const START_TIMEOUT_MS = 30_000;
/** For a report that was sent right before the end to arrive. */
const LAST_REPORT_GRACE_MS = 200;

export interface LaunchOptions {
  readonly kind: ProcessKind;
  readonly id: string;
  /** `key=value`, for this process alone. */
  readonly overrides: readonly string[];
  readonly heapMb: number | null;
  /** Of a TaskManager that the cluster asked for. */
  readonly requestId?: string;
  /** Gives the start up: a process that is not up by then is killed. */
  readonly signal?: AbortSignal;
}

/** Resolves when the process is up. Rejects with its reason, and then it does not run. */
export async function launch(
  dir: ClusterDir,
  { kind, id, overrides, heapMb, requestId, signal }: LaunchOptions,
): Promise<ProcessEntry> {
  dir.create();
  const out = fs.openSync(dir.outFile(id), 'a');
  let child: ChildProcess;
  try {
    child = spawn(
      process.execPath,
      [
        ...(heapMb === null ? [] : [`--max-old-space-size=${heapMb}`]),
        '--enable-source-maps',
        path.join(packageRoot, 'dist', 'main.js'),
        `_${kind}`,
        ...['--id', id, '--dir', dir.path],
        ...(requestId === undefined ? [] : ['--request', requestId]),
        ...overrides.flatMap((override) => ['-D', override]),
      ],
      // Not in the caller's folder, which may be removed while the process runs.
      { cwd: dir.path, detached: true, stdio: ['ignore', out, out, 'ipc'] },
    );
  } finally {
    fs.closeSync(out);
  }
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ProcessEntry>((resolve, reject) => {
      const fail = (reason: string) => reject(new CliError('PROCESS_FAILED', `${id} did not start: ${reason}`));
      const giveUp = (reason: string) => {
        child.kill('SIGKILL');
        fail(reason);
      };
      timer = setTimeout(
        () => giveUp(`it was not up within ${START_TIMEOUT_MS / 1_000} s. See ${dir.logFile(id)}.`),
        START_TIMEOUT_MS,
      );
      signal?.addEventListener('abort', () => giveUp('the start was given up.'), {
        once: true,
      });
      child.on('message', (report: LaunchReport) => {
        if (report.kind === 'started') resolve(report.entry);
        else fail(report.message);
      });
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code, endSignal) => {
        const reason = `it ended with ${endSignal ?? `code ${code}`}. See ${dir.outFile(id)}.`;
        setTimeout(() => fail(reason), LAST_REPORT_GRACE_MS);
      });
    });
  } finally {
    clearTimeout(timer);
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  }
}
