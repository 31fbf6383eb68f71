// Where `execute` goes. A job names no cluster: the surroundings in which its module runs say what becomes of its graph. Plain `node`
// runs it in a local mini-cluster; the planner of `sluice run` and a slot that rebuilds the job set a context of their own around the import.
// The context follows the module's asynchronous calls, so modules rebuilt at the same time in one thread do not mix.
import { AsyncLocalStorage } from 'node:async_hooks';
import os from 'node:os';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';

/** What `execute` resolves with once the job has finished. */
export interface JobExecutionResult {
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  readonly jobName: string;
  /** From RUNNING to the end, in ms. */
  readonly netRuntimeMs: number;
}

export interface JobContext {
  /** Parallelism of operators where neither the environment nor the operator sets one. */
  readonly parallelism: number;
  /** Absolute folder that relative paths in the job stand for. */
  readonly baseDir: string;
  /** Takes the job over. `build` throws ApiError where the graph cannot run. */
  execute(build: () => ExecutableJob): Promise<JobExecutionResult>;
  /** Runs the job and gives what its sink with that uid collects; absent where nobody is there to take it. */
  collect?(build: () => ExecutableJob, uid: string): AsyncGenerator<string, void, void>;
}

const contexts = new AsyncLocalStorage<JobContext>();

/** Runs `action`, and everything asynchronous that it starts, in a context. */
export function inContext<R>(context: JobContext, action: () => R): R {
  return contexts.run(context, action);
}

/** The context of the calling code; plain `node` has the local one. */
export function currentContext(): JobContext {
  return contexts.getStore() ?? localContext;
}

let executedLocally = false;

/** Whether this process has run a job locally. */
export function hasExecutedLocally(): boolean {
  return executedLocally;
}

const localContext: JobContext = {
  // As Flink's local environment: one subtask a core.
  parallelism: os.availableParallelism(),
  get baseDir() {
    return process.cwd();
  },
  async execute(build) {
    executedLocally = true;
    const job = build();
    // Imported late: a module that is only planned or rebuilt must not load a cluster.
    const { runLocally } = await import('../client/localCluster.ts');
    return runLocally(job);
  },
  async *collect(build, uid) {
    executedLocally = true;
    const job = build();
    const { collectLocally } = await import('../client/collectedRows.ts');
    yield* collectLocally(job, uid);
  },
};
