// The two that are compared, each a fresh cluster for a cell: what one job leaves behind in compiled code and type profiles must not slow the
// next one down, on either side. Each runs the same job and tells how long it ran and what processor time its TaskManagers had.
import type { BenchContext } from '../bench.ts';
import { BenchCluster, prepareJob } from '../cluster.ts';
import { cpuSeconds } from '../cpu.ts';
import { runningMs } from '../runningMs.ts';
import { FlinkCluster } from './flinkCluster.ts';

export interface Shape {
  readonly taskManagers: number;
  readonly slots: number;
}

export interface Run {
  /** From the last subtask's RUNNING to FINISHED. */
  readonly ms: number;
  /** Of the TaskManagers, from the submission to the end; null where the system does not tell. */
  readonly cpuSeconds: number | null;
}

export interface RunningSide {
  run(args: readonly string[], parallelism: number): Promise<Run>;
  stop(): Promise<void>;
}

export interface Side {
  readonly name: 'Sluice' | 'Flink';
  start(shape: Shape): Promise<RunningSide>;
}

/** `lib`: Flink's jars; `jar`: its jobs. */
export function flinkSide(context: BenchContext, lib: string, jar: string): Side {
  return {
    name: 'Flink',
    async start(shape) {
      const cluster = await FlinkCluster.start(lib, jar, context.tempDir('flink'), shape, (started) =>
        context.onEnd(() => started.stop()),
      );
      return {
        run: (args, parallelism) => timed(cluster.pids, () => cluster.runningMs(args, parallelism)),
        stop: () => cluster.stop(),
      };
    },
  };
}

export function sluiceSide(context: BenchContext): Side {
  return {
    name: 'Sluice',
    async start(shape) {
      const cluster = await BenchCluster.start(context, { jobManagers: 1, ...shape });
      const client = await cluster.connect(context);
      const pids = (await cluster.dir.liveProcesses('taskmanager')).map(({ pid }) => pid);
      return {
        run: async (args, parallelism) => {
          const prepared = await prepareJob(context, 'besideFlink.ts', args, parallelism);
          return timed(pids, async () => {
            const handle = await client.submit(prepared);
            const job = await client.reached(handle.jobId, 'FINISHED');
            handle.close();
            return runningMs(job);
          });
        },
        stop: () => cluster.stop(),
      };
    },
  };
}

async function timed(pids: readonly number[], run: () => Promise<number>): Promise<Run> {
  const before = cpuSeconds(pids);
  const ms = await run();
  const after = cpuSeconds(pids);
  return { ms, cpuSeconds: before === null || after === null ? null : after - before };
}
