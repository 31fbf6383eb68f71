// What a coordinator does about very wide jobs: first its own work alone (deciding, folding, encoding), at several sizes, so that what is not
// linear shows; then a real JobManager with simulated TaskManagers, on each journal, timed by what arrives in the ledger.
import type { Commit } from '../src/core/schema.gen.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchClient, BenchCluster } from './cluster.ts';
import { JOURNALS, type JournalType, journalOverrides } from './journals.ts';
import { wideSubmission } from './ledger.ts';
import { measure } from './measure.ts';
import { residentMib } from './memory.ts';
import { startSimulatedTaskManagers } from './simulatedTaskManagers.ts';
import { rounded, spread } from './stats.ts';

const TASK_MANAGERS = 50;
/** Subtasks; two vertices of half as many. */
const SIZES = [100, 1_000, 10_000, 20_000];
const FULL = 10_000;
/** Time a task at the largest size, against that at the second: equal, but for noise. */
const FLAT = 1.3;
const RUNS = 5;
const JOB_RUNS = 3;
const JOBS = 100;
const SUBTASKS_PER_JOB = 100;
const TIMEOUT_MS = 30_000;

export const coordinator: Bench = {
  name: 'coordinator',
  about:
    '10,000 subtasks on 50 simulated TaskManagers: decided and in the log; acks; a loss; time per task from 100 to 20,000',
  async run(context) {
    await decisions(context);
    for (const journal of JOURNALS) {
      const overrides = await journalOverrides(context, journal, 'coordinator');
      if (overrides !== null) await wholeWay(context, journal, overrides);
    }
  },
};

export const memory: Bench = {
  name: 'memory',
  about: 'memory of a JobManager with 100 running jobs of 100 subtasks',
  async run(context) {
    const subtasks = context.scaled(JOBS) * SUBTASKS_PER_JOB;
    const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers: 0, slots: 1 });
    const client = await cluster.connect(context);
    const taskManagers = await simulated(context, client, subtasks);
    const submission = wideSubmission(SUBTASKS_PER_JOB / 2);
    const handles = [];
    for (let job = 0; job < context.scaled(JOBS); job++) {
      const { name, artifact, args, parallelism, graph } = submission;
      handles.push(await client.submit({ name, bundle: artifact!, args, parallelism, graph: graph!, options: {} }));
    }
    for (const { jobId } of handles) await client.reached(jobId, 'RUNNING');
    const [leader] = await cluster.dir.liveProcesses('jobmanager');
    context.report({
      metric: 'memory of a JobManager, jobs running',
      value: await residentMib(leader!.pid),
      unit: 'MiB',
      settings: { jobs: handles.length, subtasks, taskManagers, measure: 'resident set', aim: 250 },
    });
    for (const handle of handles) handle.close();
    await cluster.stop();
  },
};

async function decisions(context: BenchContext): Promise<void> {
  const perTask: number[] = [];
  for (const size of SIZES) {
    const subtasks = 2 * Math.max(TASK_MANAGERS, context.scaled(size) / 2);
    const runs = await measure({ kind: 'decide', parallelism: subtasks / 2, taskManagers: TASK_MANAGERS, runs: RUNS });
    const full = size === FULL;
    const settings = { subtasks, taskManagers: TASK_MANAGERS, journal: 'none' };
    const times = (name: 'deployMs' | 'runningMs' | 'acksMs' | 'lossMs') => runs.map((run) => run[name]);
    context.reportRuns(`${subtasks} subtasks: deployment decided`, times('deployMs'), 'ms', {
      ...settings,
      commitBytes: runs[0]!.commitBytes,
      assignmentBytes: runs[0]!.assignmentBytes,
    });
    perTask.push((spread(times('deployMs')).median / subtasks) * 1_000);
    context.report({
      metric: `${subtasks} subtasks: deployment decided, per task`,
      value: perTask.at(-1)!,
      unit: 'µs',
      settings,
    });
    context.reportRuns(`${subtasks} subtasks: all RUNNING, decided`, times('runningMs'), 'ms', settings);
    context.reportRuns(`${subtasks} subtasks: a checkpoint’s acks, decided and folded`, times('acksMs'), 'ms', {
      ...settings,
      ...(full ? { aim: 200 } : {}),
    });
    context.reportRuns(`${subtasks} subtasks: the loss of a TaskManager, decided`, times('lossMs'), 'ms', {
      ...settings,
      ...(full ? { aim: 200 } : {}),
    });
  }
  // What is not linear shows at the end. The smallest job pays for 50 assignments and cold code, so it is no measure of the others.
  const [, small = 0] = perTask;
  context.report({
    metric: `time a task, ${SIZES.at(-1)} subtasks to ${SIZES[1]}`,
    value: perTask.at(-1)! / small,
    unit: 'times',
    settings: { sizes: SIZES.join(' '), microsecondsPerTask: perTask.map(rounded).join(' '), aim: FLAT },
  });
}

async function wholeWay(context: BenchContext, journal: JournalType, overrides: readonly string[]): Promise<void> {
  const subtasks = 2 * Math.max(TASK_MANAGERS, context.scaled(FULL) / 2);
  const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers: 0, slots: 1, overrides });
  const client = await cluster.connect(context);
  await simulated(context, client, subtasks);
  const inLog: number[] = [];
  const running: number[] = [];
  const checkpoint: number[] = [];
  for (let run = 0; run < 1 + JOB_RUNS; run++) {
    const times = await oneJob(client, subtasks);
    context.progress(`${journal}: ${Object.entries(times).map(([what, ms]) => `${what} ${ms.toFixed(0)} ms`)}`);
    // The first one compiles the leader's code.
    if (run === 0) continue;
    inLog.push(times.inLog);
    running.push(times.running);
    checkpoint.push(times.checkpoint);
  }
  const [leader] = await cluster.dir.liveProcesses('jobmanager');
  const mib = await residentMib(leader!.pid);
  await cluster.stop();
  const settings = { journal, subtasks, taskManagers: TASK_MANAGERS, simulated: 'TaskManagers' };
  context.reportRuns(`${journal}: ${subtasks} deployments in the log`, inLog, 'ms', { ...settings, aim: 1_000 });
  context.reportRuns(`${journal}: ${subtasks} subtasks RUNNING in the log`, running, 'ms', settings);
  context.reportRuns(
    `${journal}: a checkpoint of ${subtasks} subtasks, triggered to complete`,
    checkpoint,
    'ms',
    settings,
  );
  context.report({ metric: `${journal}: memory of the JobManager`, value: rounded(mib), unit: 'MiB', settings });
}

/** Registered, with the slots that so many subtasks need. Returns how many they are. */
async function simulated(context: BenchContext, client: BenchClient, subtasks: number): Promise<number> {
  const slots = Math.ceil(subtasks / 2 / TASK_MANAGERS);
  await startSimulatedTaskManagers(context, client.backbone, TASK_MANAGERS, slots);
  const registered = () => client.ledger.state.taskManagers.size === TASK_MANAGERS;
  await client.ledger.until(registered, TIMEOUT_MS, `the registration of ${TASK_MANAGERS} simulated TaskManagers`);
  return TASK_MANAGERS;
}

/** Times since the submission, as the ledger's Commits arrive here; `checkpoint` since its trigger. */
async function oneJob(
  client: BenchClient,
  subtasks: number,
): Promise<{ readonly inLog: number; readonly running: number; readonly checkpoint: number }> {
  const { ledger } = client;
  const { name, artifact, args, parallelism, graph, options } = wideSubmission(subtasks / 2);
  const from = ledger.arrivals.length;
  const submittedAtMs = performance.now();
  const handle = await client.submit({ name, bundle: artifact!, args, parallelism, graph: graph!, options });
  const { jobId } = handle;
  await ledger.until(
    () => (client.job(jobId)?.checkpoints.completed.length ?? 0) > 0,
    TIMEOUT_MS,
    `a checkpoint of ${subtasks} simulated subtasks`,
  );
  const at: Record<'TaskDeployed' | 'JobStarted' | 'CheckpointTriggered' | 'CheckpointCompleted', number> = {
    ...{ TaskDeployed: 0, JobStarted: 0, CheckpointTriggered: 0, CheckpointCompleted: 0 },
  };
  for (const { record, verdict, atMs } of ledger.arrivals.slice(from)) {
    if (verdict === 'void' || record.type === 'Claim') continue;
    for (const event of (record as Commit).events) {
      if (event.type === 'TaskDeployed') at.TaskDeployed = atMs;
      else if (event.type === 'JobStarted' || event.type === 'CheckpointTriggered') at[event.type] ||= atMs;
      else if (event.type === 'CheckpointCompleted') at.CheckpointCompleted ||= atMs;
    }
  }
  await handle.cancel();
  await client.reached(jobId, 'CANCELED');
  handle.close();
  return {
    inLog: at.TaskDeployed - submittedAtMs,
    running: at.JobStarted - submittedAtMs,
    checkpoint: at.CheckpointCompleted - at.CheckpointTriggered,
  };
}
