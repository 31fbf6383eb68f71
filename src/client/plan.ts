// Plans a job at the client: runs its bundle in a thread of its own up to `execute`, so that a module that hangs, exits or eats memory
// takes down neither the CLI nor a service that submits jobs. What the module prints comes through.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { JobModuleError } from '../api/jobModuleError.ts';
import { DEFAULT_REBUILD_TIMEOUT_MS, neverExecuted, type RebuildOptions, threw, timedOut } from '../api/rebuild.ts';
import type { CheckpointConfig, JobGraph } from '../core/schema.gen.ts';
import type { PlanAnswer } from './planWorker.ts';

/** Heap limit of the planner's thread. Elements of a collection source count. */
const MAX_HEAP_MB = 1_024;
/** Time for the thread to report a time-out itself, before it is ended because the module blocks it. */
const TIMEOUT_MARGIN_MS = 250;

export interface PlanOptions {
  /** A file that holds what bundleJob made. */
  readonly bundlePath: string;
  /** File name of the job, for messages. */
  readonly name: string;
  readonly args: readonly string[];
  /** Default parallelism of the job. */
  readonly parallelism: number;
  /** Default: 60 s. */
  readonly timeoutMs?: number | undefined;
  /** Default: 1024 MB. */
  readonly maxHeapMb?: number | undefined;
  /** Ends the thread at once; the plan rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface JobPlan {
  /** As given to execute. */
  readonly name: string;
  readonly graph: JobGraph;
  /** As the program asks for; null: none. */
  readonly checkpointing: CheckpointConfig | null;
}

/** Rejects with a JobModuleError: THREW, NEVER_EXECUTED, EXECUTE_TWICE, TIMED_OUT, OUT_OF_MEMORY, FILE_NOT_FOUND. */
export async function planJob(options: PlanOptions): Promise<JobPlan> {
  const { timeoutMs = DEFAULT_REBUILD_TIMEOUT_MS, maxHeapMb = MAX_HEAP_MB, signal } = options;
  signal?.throwIfAborted();
  const workerData: RebuildOptions = {
    bundlePath: options.bundlePath,
    args: options.args,
    parallelism: options.parallelism,
    instance: 'plan',
    timeoutMs,
  };
  const worker = startPlanWorker({ workerData, resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } });
  let limit: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  try {
    return await new Promise<JobPlan>((resolve, reject) => {
      limit = setTimeout(() => reject(timedOut(options.name, timeoutMs)), timeoutMs + TIMEOUT_MARGIN_MS);
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      worker.on('message', (answer: PlanAnswer) => {
        if (answer.kind === 'planned')
          resolve({ name: answer.name, graph: answer.graph, checkpointing: answer.checkpointing });
        else reject(JobModuleError.fromData(answer.error));
      });
      worker.on('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(options.name, maxHeapMb) : threw(options.name, error),
        );
      });
      worker.on('exit', () => reject(neverExecuted(options.name)));
    });
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

function outOfMemory(name: string, maxHeapMb: number): JobModuleError {
  return new JobModuleError(
    'OUT_OF_MEMORY',
    `${name} used more than ${maxHeapMb} MB while its graph was built. Read the data in a source or an operator, not while the graph is built.`,
  );
}

/** The worker's entry lies beside this module: built, or as TypeScript, which needs tsx to be loaded first. */
function startPlanWorker(options: ConstructorParameters<typeof Worker>[1]): Worker {
  if (!fileURLToPath(import.meta.url).endsWith('.ts'))
    return new Worker(new URL('./planWorker.js', import.meta.url), options);
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href;
  const entry = new URL('./planWorker.ts', import.meta.url).href;
  return new Worker(`import('${tsx}').then(({ register }) => { register(); return import('${entry}'); });`, {
    ...options,
    eval: true,
  });
}
