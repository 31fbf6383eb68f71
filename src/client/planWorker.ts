// The planner's thread: rebuilds the job once, sends what came of it, and ends when the client says so or when the job's module has
// nothing left to do. Nothing else keeps the thread alive, so a module that never calls execute is found at once.
import { parentPort, workerData } from 'node:worker_threads';
import { JobModuleError, type JobModuleErrorData } from '../api/jobModuleError.ts';
import { type RebuildOptions, rebuildJob } from '../api/rebuild.ts';
import type { CheckpointConfig, JobGraph } from '../core/schema.gen.ts';

export type PlanAnswer =
  | {
      readonly kind: 'planned';
      readonly name: string;
      readonly graph: JobGraph;
      readonly checkpointing: CheckpointConfig | null;
    }
  | { readonly kind: 'failed'; readonly error: JobModuleErrorData };

async function plan(): Promise<PlanAnswer> {
  try {
    const { name, graph, checkpointing } = await rebuildJob(workerData as RebuildOptions);
    return { kind: 'planned', name, graph, checkpointing };
  } catch (error) {
    // Anything else is a bug of the planner: let it end the thread with its stack.
    if (!(error instanceof JobModuleError)) throw error;
    return { kind: 'failed', error: error.toData() };
  }
}

const answer = await plan();
// What the module has printed goes through the client's thread; it must be there before the client ends this one.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
parentPort!.postMessage(answer);
