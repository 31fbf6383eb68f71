// What a running job notices of an orderly hand-over between JobManagers, and how soon its tasks run elsewhere after the crash of a
// TaskManager, both with default settings and read off the ledger.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit } from '../src/core/schema.gen.ts';
import type { LedgerWatch } from '../src/demo/ledgerWatch.ts';
import type { BenchContext } from './bench.ts';
import { BenchCluster, prepareJob } from './cluster.ts';
import { firstCommitAfter } from './failover.ts';
import type { JournalType } from './journals.ts';
import { FLINK } from './reference.ts';

const HAND_OVERS = 5;
const CRASHES = 5;
const RECORDS_PER_SECOND = '2000';
const CHECKPOINT_INTERVAL_MS = '500';
/** Between two hand-overs or crashes. */
const STEADY_MS = 500;
const RESTART_TIMEOUT_MS = 30_000;

/** From LeadershipReleased to the next leader's first Commit, as both arrive here. */
export async function handOverOn(
  context: BenchContext,
  journal: JournalType,
  overrides: readonly string[],
): Promise<void> {
  const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 0, slots: 1, overrides });
  const { ledger } = await cluster.connect(context);
  const times: number[] = [];
  for (let handOver = 0; handOver < context.scaled(HAND_OVERS); handOver++) {
    await sleep(STEADY_MS);
    const leader = ledger.state.leader!.id;
    const { epoch } = ledger.state;
    await cluster.sluice('jobmanager stop', '--id', leader);
    const ledAtMs = await firstCommitAfter(ledger, epoch);
    times.push(ledAtMs - lastArrivalOf(ledger, 'LeadershipReleased'));
    await cluster.sluice('jobmanager start', '--id', leader);
  }
  await cluster.stop();
  const settings = { journal, jobManagers: 2, configuration: 'default', aim: 100 };
  context.reportRuns('orderly hand-over', times, 'ms', settings);
}

/** From SIGKILL to the ledger's JobStarted of the restarted job. */
export async function taskManagerLossOn(
  context: BenchContext,
  journal: JournalType,
  overrides: readonly string[],
): Promise<void> {
  const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 2, slots: 2, overrides });
  const client = await cluster.connect(context);
  const { ledger } = client;
  const handle = await client.submit(
    await prepareJob(context, 'endless.ts', [RECORDS_PER_SECOND, '', CHECKPOINT_INTERVAL_MS], 2),
  );
  await client.reached(handle.jobId, 'RUNNING');
  const times: number[] = [];
  for (let crash = 0; crash < context.scaled(CRASHES); crash++) {
    const before = client.job(handle.jobId)!.checkpoints.completed.at(-1)?.id ?? 0;
    const checkpointed = () => (client.job(handle.jobId)?.checkpoints.completed.at(-1)?.id ?? 0) > before;
    await ledger.until(checkpointed, RESTART_TIMEOUT_MS, 'a checkpoint before the crash of a TaskManager');
    await sleep(STEADY_MS);
    const slots = [...client.job(handle.jobId)!.slots];
    const victim = await cluster.process(slots[0]!.taskManagerId);
    const from = ledger.arrivals.length;
    const killedAtMs = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    const restarted = () => ledger.arrivals.length > from && lastArrivalOf(ledger, 'JobStarted') > killedAtMs;
    await ledger.until(restarted, RESTART_TIMEOUT_MS, 'the restart of a job after the crash of a TaskManager');
    times.push(lastArrivalOf(ledger, 'JobStarted') - killedAtMs);
    context.progress(`${journal}: crash ${crash + 1}, RUNNING elsewhere after ${times.at(-1)!.toFixed(0)} ms`);
    const known = new Set(ledger.state.taskManagers.keys());
    await cluster.sluice('taskmanager start');
    const joined = () => [...ledger.state.taskManagers.keys()].some((id) => !known.has(id));
    await ledger.until(joined, RESTART_TIMEOUT_MS, 'a new TaskManager');
  }
  handle.close();
  await cluster.stop();
  context.reportRuns('crash of a TaskManager → its tasks RUNNING elsewhere', times, 'ms', {
    ...{ journal, taskManagers: 2, configuration: 'default', aim: 1_000 },
    ...{ flink: FLINK.taskManagerLossMs, reference: FLINK.version },
  });
}

/** performance.now() of the last arrival of a counted Commit with such an event; -1: there was none. */
function lastArrivalOf(ledger: LedgerWatch, type: 'LeadershipReleased' | 'JobStarted'): number {
  const last = ledger.arrivals.findLast(
    ({ record, verdict }) =>
      verdict === 'counted' &&
      record.type === 'Commit' &&
      (record as Commit).events.some((event) => event.type === type),
  );
  return last?.atMs ?? -1;
}
