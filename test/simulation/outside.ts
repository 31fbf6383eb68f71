// What a leader has others do, in a simulation: graphs are planned, TaskManagers started and stopped, stored checkpoints deleted. Each takes
// its time and fails by chance while faults last; what was stored for a checkpoint may go only once the ledger has given that up.

import type { ErrandPorts } from '../../src/jobmanager/errands.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { PlanError, type Planned } from '../../src/ports/planner.ts';
import type { Chance } from './chance.ts';
import type { World } from './world.ts';

export interface OutsideFaults {
  readonly failRate: number;
  /** Share of the jobs that cannot be planned at all. */
  readonly unplannableRate: number;
}

/** As one JobManager sees it; `clock` is that process's. */
export function outsideOf(world: World, clock: Clock, chance: Chance): ErrandPorts {
  const { scenario, oracle, plane } = world;
  const later = <T>(maxMs: number, action: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      clock.after(chance.between(1, maxMs), () => {
        if (chance.holds(world.outsideFaults.failRate)) return reject(new Error('it does not work by chance'));
        try {
          resolve(action());
        } catch (error) {
          reject(error);
        }
      });
    });
  return {
    planner: {
      plan: ({ artifact, args }) =>
        later<Planned>(300, () => {
          // The job's id travels as its argument, so that every try comes to the same end.
          const [jobId = ''] = args;
          const nature = plane.natures.get(jobId);
          if (nature === undefined || nature.unplannable) throw new PlanError('the job throws, by chance');
          return { artifact, graph: nature.graph, checkpointing: null };
        }),
    },
    driver:
      scenario.policy.driver === null
        ? null
        : {
            start: (requestId) => later(600, () => world.startRequested(requestId)),
            stop: (taskManagerId) => later(200, () => world.stopTaskManager(taskManagerId)),
          },
    checkpoints: {
      discard: (jobId, checkpointId) => {
        const job = oracle.history.jobs.get(jobId);
        if (job?.aborted.has(checkpointId) !== true && job?.subsumed.has(checkpointId) !== true)
          oracle.fail(`checkpoint ${checkpointId} of job ${jobId} is discarded, and the ledger keeps it`);
        return later(50, () => {});
      },
    },
  };
}
