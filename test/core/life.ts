// A ledger as a cluster writes it in a life by chance, and the comparing of states that are folded from it.
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { difference } from '../../src/core/difference.ts';
import type { LedgerRecord } from '../../src/core/ledger.ts';
import { Cluster, chain, fixedDelay, hex, register, submit } from './cluster.ts';

/** A cluster's life by chance: jobs come, run, fail, take savepoints and end, TaskManagers go, leaders change. */
export function life(seed: number, steps: number): readonly LedgerRecord[] {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const cluster = new Cluster({ restart: fixedDelay(50, 100), jobExpirationMs: 3_000 });
  let jobs = 0;
  let others = 0;
  for (let step = 0; step < steps; step++) {
    cluster.later(Math.floor(random() * 200));
    const names = Array.from({ length: jobs }, (_, number) => `job-${number}`);
    const id = pick(['tm-1', 'tm-2', 'tm-3']);
    const roll = random();
    if (roll < 0.1) cluster.when(register(id, 2));
    else if (roll < 0.2) {
      const graph = pick([
        chain({ parallelism: 2 }, { parallelism: 2 }),
        chain({ parallelism: 2 }, { parallelism: 1, inputs: [] }),
      ]);
      cluster.when(submit(`job-${jobs++}`, graph));
    } else if (roll < 0.5) cluster.when(cluster.report(id, 'RUNNING'));
    else if (roll < 0.56) cluster.when(cluster.report(id, 'FAILED', () => random() < 0.5, 'by chance'));
    else if (roll < 0.62) cluster.when(cluster.report(id, 'CANCELED'));
    else if (roll < 0.66) cluster.when(cluster.report(id, 'FINISHED', () => random() < 0.5));
    else if (roll < 0.8) {
      const type = pick(['TriggerSavepoint', 'TriggerSavepoint', 'PauseJob', 'ResumeJob', 'CancelJob'] as const);
      const command = { commandId: `c-${others++}`, jobId: hex(pick([...names, 'unknown'])) };
      cluster.when(type === 'TriggerSavepoint' ? { type, targetPath: null, ...command } : { type, ...command });
    } else if (roll < 0.9) {
      for (const job of [...cluster.state.jobs.values()]) {
        for (const [checkpointId, { waitingFor }] of job.checkpoints.pending) {
          const acks = [...waitingFor].map(({ vertex, index, attempt }) => ({
            vertex,
            subtask: index,
            attempt,
            handle: 'h',
            bytes: 3,
            shared: [],
            operators: [],
            metrics: null,
            inputEnded: false,
          }));
          cluster.when({
            type: 'CheckpointReport',
            taskManagerId: id,
            jobId: job.id,
            checkpointId,
            acks,
            declines: [],
            damaged: [],
          });
          cluster.when({ type: 'ManifestWritten', jobId: job.id, checkpointId });
        }
      }
    } else if (roll < 0.93) cluster.when({ type: 'TaskManagerGone', taskManagerId: id, reason: 'closed' });
    else if (roll < 0.95) cluster.claim(pick(['jm-1', 'jm-2']));
    else cluster.when({ type: 'DeadlinePassed' });
  }
  return cluster.log;
}

/** Where two states differ; null: nowhere. */
export function unequal(left: unknown, right: unknown): string | null {
  const comparing = difference(left, right);
  for (;;) {
    const next = comparing.next();
    if (next.done) return next.value;
  }
}
