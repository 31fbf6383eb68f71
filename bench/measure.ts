// Measurements that need a process of their own: a fold or a replay is told as a JobManager that was just started would do it, not as a
// process whose heap and compiled code bear the marks of the measurements before it.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DecisionTimes } from './decisions.ts';

export type MeasureTask =
  /** Decodes a ledger file and folds it, several times over. */
  | { readonly kind: 'fold'; readonly file: string; readonly runs: number }
  /** Decides a wide job's life several times over. */
  | {
      readonly kind: 'decide';
      readonly parallelism: number;
      readonly taskManagers: number;
      readonly runs: number;
    }
  /** Reads `events` to its end: as the journal hands it over (`raw`), decoded as well (`decode`), or through a Replica (`replay`). */
  | {
      readonly kind: 'raw' | 'decode' | 'replay';
      readonly dir: string;
      /** `key=value` of sluice.yaml, for the journal. */
      readonly overrides: readonly string[];
    };

export type ReadTask = Exclude<MeasureTask, { kind: 'fold' | 'decide' }>;

export interface FoldAnswer {
  readonly foldMs: readonly number[];
  readonly decodeAndFoldMs: readonly number[];
}

export interface ReadAnswer {
  readonly ms: number;
  /** From the start of the process, so opening the journal and loading code included. */
  readonly sinceStartMs: number;
  readonly records: number;
  readonly rssBytes: number;
}

/** What a JobManager gets by default (`jobmanager.memory.heap.size`). */
const HEAP_MB = 1_024;
const TIMEOUT_MS = 120_000;

export function measure(task: Extract<MeasureTask, { kind: 'fold' }>, heapMb?: number): Promise<FoldAnswer>;
export function measure(task: Extract<MeasureTask, { kind: 'decide' }>, heapMb?: number): Promise<DecisionTimes[]>;
export function measure(task: ReadTask, heapMb?: number): Promise<ReadAnswer>;
export function measure(task: MeasureTask, heapMb = HEAP_MB): Promise<FoldAnswer | DecisionTimes[] | ReadAnswer> {
  const entry = fileURLToPath(new URL('./measureProcess.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(entry, [JSON.stringify(task)], {
      execArgv: [...measuredFlags(), '--enable-source-maps', `--max-old-space-size=${heapMb}`],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.once('message', (answer) => resolve(answer as FoldAnswer & DecisionTimes[] & ReadAnswer));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the measuring process for "${task.kind}" ended early with ${signal ?? `code ${code}`}`));
    });
  });
}

/** `BENCH_NODE_FLAGS="--cpu-prof"` profiles what is measured. */
function measuredFlags(): string[] {
  return (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
}
