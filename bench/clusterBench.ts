// How quickly a cluster is there, how quickly it reacts, and what it costs to keep: the coordinator's figures that people feel.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchContext } from './bench.ts';
import { BenchCluster, prepareJob } from './cluster.ts';
import { JOURNALS, type JournalType, journalOverrides } from './journals.ts';
import { residentMib } from './memory.ts';
import { FLINK } from './reference.ts';
import { percentile, rounded } from './stats.ts';

const STARTS = 5;
const JOBS = 10;
const WARM_UP_JOBS = 3;
const LISTS = 5;
/** For heaps to settle after the start. */
const IDLE_MS = 3_000;
const RECORDS_PER_SECOND = '100';

export const cluster: Bench = {
  name: 'cluster',
  about: 'cluster ready; small job → RUNNING; cancel; sluice list; memory of an idle JobManager',
  async run(context) {
    await starts(context, { jobManagers: 1, taskManagers: 1, slots: 2 });
    await starts(context, { jobManagers: 2, taskManagers: 2, slots: 2 });
    for (const journal of JOURNALS) {
      const overrides = await journalOverrides(context, journal, 'cluster');
      if (overrides === null) continue;
      const running = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 2, slots: 2, overrides });
      await idleMemory(context, running, journal);
      await smallJobs(context, running, journal);
      if (journal === 'embedded') await commands(context, running);
      await running.stop();
    }
  },
};

async function starts(
  context: BenchContext,
  shape: { readonly jobManagers: number; readonly taskManagers: number; readonly slots: number },
): Promise<void> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const started = await BenchCluster.start(context, shape);
    times.push(started.startedInMs);
    await started.stop();
  }
  const { jobManagers, taskManagers } = shape;
  const name = `ready, ${jobManagers} JobManager${jobManagers > 1 ? 's' : ''} and ${taskManagers} TaskManager${taskManagers > 1 ? 's' : ''}`;
  const median = context.reportRuns(name, times, 'ms', { ...shape, wall: 'sluice start-cluster', aim: 2_000 });
  const flink = FLINK.readyMs;
  if (jobManagers === 1) {
    context.report({
      metric: `${name} / Flink`,
      value: median / flink,
      unit: 'ratio',
      settings: { flink, reference: FLINK.version },
    });
  }
}

async function idleMemory(context: BenchContext, running: BenchCluster, journal: JournalType): Promise<void> {
  await sleep(IDLE_MS);
  for (const kind of ['jobmanager', 'taskmanager'] as const) {
    const mib = await Promise.all((await running.dir.liveProcesses(kind)).map(({ pid }) => residentMib(pid)));
    context.reportRuns(`memory of an idle ${kind === 'jobmanager' ? 'JobManager' : 'TaskManager'}`, mib, 'MiB', {
      journal,
      measure: 'resident set',
      processes: mib.length,
      ...(kind === 'jobmanager' ? { aim: 120, flink: FLINK.idleJobManagerMib, reference: FLINK.version } : {}),
    });
  }
}

async function smallJobs(context: BenchContext, running: BenchCluster, journal: JournalType): Promise<void> {
  const client = await running.connect(context);
  const prepared = await prepareJob(context, 'endless.ts', [RECORDS_PER_SECOND], 2);
  const times: Record<'accepted' | 'running' | 'cancelled', number[]> = { accepted: [], running: [], cancelled: [] };
  let first = 0;
  for (let job = 0; job < WARM_UP_JOBS + context.scaled(JOBS); job++) {
    const submittedAtMs = performance.now();
    const handle = await client.submit(prepared);
    const acceptedInMs = performance.now() - submittedAtMs;
    await client.reached(handle.jobId, 'RUNNING');
    const runningInMs = performance.now() - submittedAtMs;
    if (job === 0) first = runningInMs;
    const cancelledAtMs = performance.now();
    await handle.cancel();
    await client.reached(handle.jobId, 'CANCELED');
    const cancelledInMs = performance.now() - cancelledAtMs;
    handle.close();
    if (job < WARM_UP_JOBS) continue;
    times.accepted.push(acceptedInMs);
    times.running.push(runningInMs);
    times.cancelled.push(cancelledInMs);
  }
  const settings = { journal, tasks: 4, parallelism: 2, taskManagers: 2, upload: 'each time' };
  const told = { reference: FLINK.version };
  context.reportRuns('small job accepted', times.accepted, 'ms', {
    ...settings,
    flink: FLINK.smallJobAcceptedMs,
    ...told,
  });
  const median = context.reportRuns('small job RUNNING, warm', times.running, 'ms', {
    ...settings,
    p95: rounded(percentile(times.running, 0.95)),
    ...{ aim: 100, flink: FLINK.smallJobRunningMs, ...told },
  });
  context.report({
    metric: 'small job RUNNING, warm / Flink',
    value: median / FLINK.smallJobRunningMs,
    unit: 'ratio',
    settings: { journal, ...told },
  });
  context.report({
    metric: 'small job RUNNING, the cluster’s first',
    value: first,
    unit: 'ms',
    settings: { ...settings, flink: 1_200, ...told },
  });
  context.reportRuns('small job CANCELED', times.cancelled, 'ms', { ...settings, flink: FLINK.cancelMs, ...told });
}

async function commands(context: BenchContext, running: BenchCluster): Promise<void> {
  for (const [name, command] of [
    ['sluice list', 'list'],
    ['sluice jobmanager status', 'jobmanager status'],
  ] as const) {
    const times: number[] = [];
    for (let run = 0; run < LISTS; run++) {
      const startedAtMs = performance.now();
      await running.sluice(command);
      times.push(performance.now() - startedAtMs);
    }
    context.reportRuns(
      `wall of ${name}`,
      times,
      'ms',
      name === 'sluice list' ? { flink: FLINK.listMs, reference: FLINK.version } : {},
    );
  }
}
