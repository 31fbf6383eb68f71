// Wide jobs on real processes: how soon hundreds and thousands of subtasks with an all-to-all exchange run, how long a checkpoint of all of
// them takes, how soon they are gone, and what the leader's process weighs meanwhile. All times are read off the ledger by this process.
import type { Commit } from '../src/core/schema.gen.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchClient, BenchCluster, type PreparedJob, prepareJob } from './cluster.ts';
import { residentMib } from './memory.ts';
import { FLINK } from './reference.ts';

const RUNS = 3;
/** The first one compiles the code of every thread. */
const WARM_UP_RUNS = 1;
const RECORDS_PER_SECOND = '1000';
const CHECKPOINT_INTERVAL_MS = '500';
const CHECKPOINTS = 3;
const CHECKPOINT_TIMEOUT_MS = 30_000;
const MAX_JOB_MANAGER_MIB = 250;

interface Shape {
  readonly parallelism: number;
  readonly taskManagers: number;
  readonly aimMs: number;
}

const SHAPES: readonly Shape[] = [
  { parallelism: 500, taskManagers: 2, aimMs: 1_000 },
  { parallelism: 500, taskManagers: 1, aimMs: 1_000 },
  { parallelism: 2_500, taskManagers: 2, aimMs: 4_000 },
];

export const wide: Bench = {
  name: 'wide',
  about:
    '1,000 and 5,000 subtasks, all-to-all, on real TaskManagers: RUNNING, a checkpoint, CANCELED, the JobManager’s memory',
  async run(context) {
    for (const shape of SHAPES) await wideOn(context, shape);
  },
};

async function wideOn(context: BenchContext, { parallelism: full, taskManagers, aimMs }: Shape): Promise<void> {
  const parallelism = Math.max(taskManagers, context.scaled(full));
  const slots = Math.ceil(parallelism / taskManagers);
  const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers, slots });
  const client = await cluster.connect(context);
  const plain = await prepareJob(context, 'wide.ts', [RECORDS_PER_SECOND], parallelism);
  const times: Record<'running' | 'cancelled', number[]> = { running: [], cancelled: [] };
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run++) {
    const { runningMs, cancelledMs } = await once(client, plain);
    context.progress(
      `${2 * parallelism} subtasks on ${taskManagers}: RUNNING ${runningMs.toFixed(0)} ms, CANCELED ${cancelledMs.toFixed(0)} ms`,
    );
    if (run < WARM_UP_RUNS) {
      context.report({
        metric: `${2 * parallelism} subtasks RUNNING, the cluster’s first`,
        value: runningMs,
        unit: 'ms',
        settings: { taskManagers },
      });
      continue;
    }
    times.running.push(runningMs);
    times.cancelled.push(cancelledMs);
  }
  const name = `${2 * parallelism} subtasks, ${taskManagers} TaskManager${taskManagers > 1 ? 's' : ''}`;
  const settings = { subtasks: 2 * parallelism, taskManagers, slotsPerTaskManager: slots };
  const checkpointing = await prepareJob(context, 'wide.ts', [RECORDS_PER_SECOND, CHECKPOINT_INTERVAL_MS], parallelism);
  const checkpoints = await checkpointTimes(client, checkpointing);
  context.progress(`${name}: checkpoints ${checkpoints.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  const [leader] = await cluster.dir.liveProcesses('jobmanager');
  const mib = await residentMib(leader!.pid);
  await cluster.stop();

  const small = full === 500;
  const flink = { flink: small ? FLINK.wideRunningMs : null, reference: FLINK.version };
  context.reportRuns(`${name}: RUNNING`, times.running, 'ms', { ...settings, aim: aimMs, ...flink });
  context.reportRuns(`${name}: CANCELED`, times.cancelled, 'ms', {
    ...settings,
    ...(small ? { aim: FLINK.wideCancelMs } : {}),
  });
  context.reportRuns(`${name}: checkpoint`, checkpoints, 'ms', {
    ...settings,
    ...(small ? { aim: FLINK.wideCheckpointMs } : {}),
  });
  context.report({
    metric: `${name}: memory of the JobManager`,
    value: mib,
    unit: 'MiB',
    settings: { ...settings, aim: MAX_JOB_MANAGER_MIB, measure: 'resident set' },
  });
}

/** From the submission to the ledger's JobStarted, which says that every subtask runs; from the cancellation to JobCancelled. */
async function once(
  client: BenchClient,
  prepared: PreparedJob,
): Promise<{ readonly runningMs: number; readonly cancelledMs: number }> {
  const submittedAtMs = performance.now();
  const handle = await client.submit(prepared);
  await client.reached(handle.jobId, 'RUNNING');
  const runningMs = performance.now() - submittedAtMs;
  const cancelledAtMs = performance.now();
  await handle.cancel();
  await client.reached(handle.jobId, 'CANCELED');
  handle.close();
  return { runningMs, cancelledMs: performance.now() - cancelledAtMs };
}

/** From CheckpointTriggered to CheckpointCompleted, as both arrive here. */
async function checkpointTimes(client: BenchClient, prepared: PreparedJob): Promise<number[]> {
  const { ledger } = client;
  const handle = await client.submit(prepared);
  await client.reached(handle.jobId, 'RUNNING');
  const completed = () => client.job(handle.jobId)?.checkpoints.completed.at(-1)?.id ?? 0;
  await ledger.until(
    () => completed() > CHECKPOINTS,
    CHECKPOINT_TIMEOUT_MS,
    `${CHECKPOINTS + 1} checkpoints of a wide job`,
  );
  const triggeredAt = new Map<number, number>();
  const times: number[] = [];
  for (const { record, verdict, atMs } of ledger.arrivals) {
    if (verdict === 'void' || record.type === 'Claim') continue;
    for (const event of (record as Commit).events) {
      if (!('jobId' in event) || event.jobId !== handle.jobId) continue;
      if (event.type === 'CheckpointTriggered') triggeredAt.set(event.checkpointId, atMs);
      // The first one is the warm-up.
      else if (event.type === 'CheckpointCompleted' && event.checkpointId > 1)
        times.push(atMs - triggeredAt.get(event.checkpointId)!);
    }
  }
  await handle.cancel();
  await client.reached(handle.jobId, 'CANCELED');
  handle.close();
  return times;
}
