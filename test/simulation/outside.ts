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
  const { scenario, oracle, plane, storage } = world;
  const later = <T>(maxMs: number, action: () => T | Promise<T>): Promise<T> =>
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
      write: (folder, name, bytes) => later(60, () => storage.write(folder, name, bytes)),
      read: (handle) => later(60, () => storage.read(handle)),
      // Of what tasks stored there is nothing but its handle.
      list: (folder) => later(30, () => world.storedIn(folder)),
      remove: (folder, names) => {
        const problem = names === undefined ? wronglyRemoved(folder) : null;
        if (problem !== null) oracle.fail(problem);
        return later(50, () => storage.remove(folder, names));
      },
    },
  };

  /** Why the folder must stay, or null. */
  function wronglyRemoved(folder: string): string | null {
    const checkpoint = /^(\w+)\/chk-(\d+)$/.exec(folder);
    if (checkpoint !== null) {
      const job = oracle.history.jobs.get(checkpoint[1] ?? '');
      const id = Number(checkpoint[2]);
      if (job?.aborted.has(id) === true || job?.subsumed.has(id) === true) return null;
      return `${folder} is deleted, and the ledger keeps it`;
    }
    if (folder.startsWith('/')) return null;
    const job = oracle.history.jobs.get(folder);
    return job?.ended === true && !job.keeps ? null : `all of job ${folder} is deleted, and it keeps its checkpoints`;
  }
}
