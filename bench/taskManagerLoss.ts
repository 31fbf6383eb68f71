// How soon a job's tasks run elsewhere after the crash of a TaskManager, with default settings and read off the ledger. Each crash hits a job of
// its own: the pause before a restart doubles with each failure of one job, as exponential delay is meant to, and would be measured instead.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from './bench.ts';
import { BenchCluster, prepareJob } from './cluster.ts';
import { lastArrivalOf } from './handOver.ts';
import type { JournalType } from './journals.ts';
import { FLINK } from './reference.ts';
import { percentile } from './stats.ts';

const CRASHES = 10;
const RECORDS_PER_SECOND = '2000';
const CHECKPOINT_INTERVAL_MS = '500';
/** Between a checkpoint and the crash. */
const STEADY_MS = 300;
const TIMEOUT_MS = 30_000;

/** From SIGKILL to the ledger's JobStarted of the restarted job. */
export async function taskManagerLossOn(
  context: BenchContext,
  journal: JournalType,
  overrides: readonly string[],
): Promise<void> {
  const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 2, slots: 2, overrides });
  const client = await cluster.connect(context);
  const { ledger } = client;
  const job = await prepareJob(context, 'endless.ts', [RECORDS_PER_SECOND, '', CHECKPOINT_INTERVAL_MS], 2);
  const times: number[] = [];
  for (let crash = 0; crash < context.scaled(CRASHES); crash++) {
    const handle = await client.submit(job);
    const { jobId } = handle;
    const checkpointed = () => (client.job(jobId)?.checkpoints.completed.length ?? 0) > 0;
    await ledger.until(checkpointed, TIMEOUT_MS, 'a checkpoint before the crash of a TaskManager');
    await sleep(STEADY_MS);
    const [slot] = client.job(jobId)!.slots;
    const victim = await cluster.process(slot!.taskManagerId);
    const killedAtMs = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    const restarted = () => lastArrivalOf(ledger, 'JobStarted') > killedAtMs;
    await ledger.until(restarted, TIMEOUT_MS, 'the restart of a job after the crash of a TaskManager');
    times.push(lastArrivalOf(ledger, 'JobStarted') - killedAtMs);
    context.progress(`${journal}: crash ${crash + 1}, RUNNING elsewhere after ${times.at(-1)!.toFixed(0)} ms`);
    await handle.cancel();
    await client.reached(jobId, 'CANCELED');
    handle.close();
    const known = new Set(ledger.state.taskManagers.keys());
    await cluster.sluice('taskmanager start');
    const joined = () => [...ledger.state.taskManagers.keys()].some((id) => !known.has(id));
    await ledger.until(joined, TIMEOUT_MS, 'a new TaskManager');
  }
  await cluster.stop();
  const metric = 'crash of a TaskManager → its tasks RUNNING elsewhere';
  const settings = { journal, taskManagers: 2, configuration: 'default', aim: 1_000 };
  context.reportRuns(metric, times, 'ms', { ...settings, flink: FLINK.taskManagerLossMs, reference: FLINK.version });
  context.report({ metric: `${metric}, p95`, value: percentile(times, 0.95), unit: 'ms', settings });
}
