// Loaded into the processes of a soak, and into each of their slot threads: regularly collects the garbage and then notes what is left, one JSON line a time in a file
// of the thread's own, so that growth is told apart from garbage.
import fs from 'node:fs';
import path from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { isMainThread, threadId } from 'node:worker_threads';

export interface SoakNote {
  readonly atMs: number;
  /** Of this thread. */
  readonly heapUsed: number;
  readonly external: number;
  /** Of the process. */
  readonly rss: number;
  readonly fds: number;
}

const folder = process.env.SLUICE_SOAK_FOLDER;
const intervalMs = Number(process.env.SLUICE_SOAK_INTERVAL_MS);
const kind = process.argv.find((argument) => argument === '_taskmanager' || argument === '_jobmanager');
// A thread's own arguments do not say whose it is.
if (isMainThread && kind !== undefined)
  process.env.SLUICE_SOAK_PROCESS = process.argv[process.argv.indexOf('--id') + 1];
const id = process.env.SLUICE_SOAK_PROCESS;

if (folder !== undefined && id !== undefined && (kind !== undefined || !isMainThread)) {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const file = path.join(folder, `${id}-${isMainThread ? 'main' : threadId}.jsonl`);
  setInterval(() => {
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    const fds = fs.readdirSync('/proc/self/fd').length;
    fs.appendFileSync(
      file,
      `${JSON.stringify({ atMs: Date.now(), heapUsed, external, rss, fds } satisfies SoakNote)}\n`,
    );
  }, intervalMs).unref();
}
