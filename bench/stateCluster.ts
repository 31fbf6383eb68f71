// A million keys in LMDB on a real TaskManager whose one slot has a heap of 256 MB: how fast a job goes, and what its checkpoints cost, with and without increments.
import type { Commit } from '../src/core/schema.gen.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchClient, BenchCluster, prepareJob } from './cluster.ts';
import { residentMib } from './memory.ts';

const KEYS = 1_000_000;
const RECORDS = 3_000_000;
const INTERVAL_MS = 3_000;
const SLOT_HEAP = '256m';
const MAX_SYNC_MS = 100;
const MIB = 2 ** 20;

export const stateCluster: Bench = {
  name: 'state-cluster',
  about: 'a million keys in LMDB in a slot of 256 MB: records/s, and checkpoints with and without increments',
  async run(context) {
    for (const incremental of [true, false]) await once(context, incremental);
  },
};

async function once(context: BenchContext, incremental: boolean): Promise<void> {
  const overrides = [`taskmanager.memory.task.heap.size=${SLOT_HEAP}`];
  const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers: 1, slots: 1, overrides });
  const client = await cluster.connect(context);
  const [keys, records] = [context.scaled(KEYS), context.scaled(RECORDS)];
  const job = await prepareJob(context, 'millionKeys.ts', [keys, records, INTERVAL_MS, incremental].map(String), 1);
  const { jobId } = await client.submit(job);
  await client.reached(jobId, 'RUNNING');
  const beganAtMs = performance.now();
  await client.reached(jobId, 'FINISHED');
  const seconds = (performance.now() - beganAtMs) / 1_000;
  const [taskManager] = await cluster.dir.liveProcesses('taskmanager');
  const mib = await residentMib(taskManager!.pid);
  const settings = { keys, records, incremental, heap: SLOT_HEAP };
  context.report({
    metric: 'records/s',
    value: records / seconds,
    unit: 'records/s',
    settings: { ...settings, rssMib: Math.round(mib) },
  });
  const { durations, written, held, sync } = checkpointsOf(client, jobId);
  await cluster.stop();
  if (durations.length === 0) throw new Error('no checkpoint was complete before the job ended');
  const what = incremental ? 'incremental checkpoint' : 'full checkpoint';
  context.reportRuns(`${what}: trigger to complete`, durations, 'ms', settings);
  context.reportRuns(`${what}: written`, written, 'MiB', settings);
  context.reportRuns(`${what}: refers to`, held, 'MiB', settings);
  context.report({
    metric: `${what}: longest wait of a barrier`,
    value: Math.max(...sync),
    unit: 'ms',
    settings: { ...settings, aim: MAX_SYNC_MS },
  });
}

/** Of the vertex that has the state, those of the whole number of keys come last. */
function checkpointsOf({ ledger }: BenchClient, jobId: string) {
  const figures = { durations: [] as number[], written: [] as number[], held: [] as number[], sync: [] as number[] };
  const triggeredAtMs = new Map<number, number>();
  for (const { record, verdict, atMs } of ledger.arrivals) {
    if (verdict === 'void' || record.type === 'Claim') continue;
    for (const event of (record as Commit).events) {
      if (!('jobId' in event) || event.jobId !== jobId) continue;
      if (event.type === 'CheckpointTriggered') triggeredAtMs.set(event.checkpointId, atMs);
      else if (event.type === 'CheckpointCompleted')
        figures.durations.push(atMs - triggeredAtMs.get(event.checkpointId)!);
      else if (event.type === 'CheckpointAcked' && event.vertex === 1) {
        figures.held.push(event.bytes / MIB);
        figures.written.push((event.metrics?.checkpointedBytes ?? event.bytes) / MIB);
        figures.sync.push(event.metrics?.syncMs ?? 0);
      }
    }
  }
  return figures;
}
