// Runs a job in this process and hands its collected rows to whoever iterates over them. The job waits while nobody takes rows, and is cancelled
// when the iteration is given up.
import type { JobStatus } from '../core/schema.gen.ts';
import { openLocalCluster } from '../localWiring.ts';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';
import { localLogger, outcomeOf, submitLocally } from './localCluster.ts';

/** Batches of rows that wait here; the job's next ones wait for room. */
const MAX_WAITING_BATCHES = 16;

/** Rows as the collecting sink, known by its uid, has written them. Throws the job's failure behind the last. */
export async function* collectLocally(job: ExecutableJob, uid: string): AsyncGenerator<string, void, void> {
  const cluster = await openLocalCluster(job, localLogger);
  try {
    const handle = await submitLocally(cluster.client, job);
    const batches: (readonly string[])[] = [];
    let room = (): void => {};
    let arrived = (): void => {};
    handle.onResults((lines, origin) => {
      if (origin.uid !== uid) {
        process.stdout.write(lines.map((line) => `${line}\n`).join(''));
        return;
      }
      batches.push(lines);
      arrived();
      if (batches.length < MAX_WAITING_BATCHES) return;
      return new Promise<void>((resolve) => {
        room = resolve;
      });
    });
    let ended: JobStatus | null = null;
    let failure: unknown = null;
    const end = Promise.race([handle.awaitTermination(), cluster.failed]).then(
      (status) => {
        ended = status;
        arrived();
      },
      (error: unknown) => {
        failure = error;
        arrived();
      },
    );
    try {
      for (;;) {
        const batch = batches.shift();
        if (batch !== undefined) {
          room();
          yield* batch;
        } else if (failure !== null) throw failure;
        else if (ended !== null) break;
        else {
          await new Promise<void>((resolve) => {
            arrived = resolve;
          });
        }
      }
      outcomeOf(job, ended!);
    } finally {
      if (ended === null && failure === null) {
        await handle.cancel();
        // Rows that nobody takes must not keep the job from its end.
        batches.length = 0;
        room();
        await end;
      }
    }
  } finally {
    await cluster.close();
  }
}
