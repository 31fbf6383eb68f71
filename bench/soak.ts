// A soak: two jobs with windows, keyed state in heap and in LMDB and checkpoints, at a modest rate for as long as wanted, on real processes. Nothing may
// grow once everything has been used: what threads hold after collecting garbage, memory and descriptors of the processes, the journal, the
// checkpoints, the scratch files. `npm run soak -- --minutes M`.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../src/packageRoot.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchClient, BenchCluster, prepareJob } from './cluster.ts';
import type { SoakNote } from './soakProbe.ts';
import { growthOf, type Sample, type Tolerance } from './soakVerdict.ts';

const RECORDS_PER_SECOND = 2_000;
const BACKENDS = ['hashmap', 'lmdb'] as const;
const SAMPLES = 40;
const MIN_INTERVAL_MS = 2_000;
/** Small, so that the caches of state in LMDB are full soon. */
const MANAGED_MEMORY = '16m';
/** Of the time: everything is used for the first time in it. */
const WARM_UP_SHARE = 0.3;
/** Records of the ledger that make a snapshot, so that the journal is trimmed several times within minutes. */
const SNAPSHOT_EVENTS = 1_000;
const MIB = 2 ** 20;

const TOLERANCES: Readonly<Record<string, Tolerance>> = {
  heapUsed: { share: 0.1, absolute: 4 * MIB },
  external: { share: 0.1, absolute: 8 * MIB },
  rss: { share: 0.1, absolute: 32 * MIB },
  fds: { share: 0, absolute: 4 },
  bytes: { share: 0.2, absolute: 8 * MIB },
  files: { share: 0.2, absolute: 40 },
};

export const soak: Bench = {
  name: 'soak',
  about: 'two stateful jobs for --minutes M (default 10): nothing grows, in memory or on disk',
  optional: true,
  async run(context) {
    const durationMs = context.minutes * 60_000;
    const intervalMs = Math.max(MIN_INTERVAL_MS, durationMs / SAMPLES);
    const notes = context.tempDir('soak');
    const cluster = await startProbed(context, notes, intervalMs);
    const client = await cluster.connect(context);
    const jobs: string[] = [];
    for (const backend of BACKENDS) {
      const job = await prepareJob(context, 'soak.ts', [String(RECORDS_PER_SECOND), backend], 2);
      const { jobId } = await client.submit(job);
      await client.reached(jobId, 'RUNNING');
      jobs.push(jobId);
    }
    const beganAtMs = Date.now();
    const series = new Map<string, Sample[]>();
    while (Date.now() - beganAtMs < durationMs) {
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
      for (const [folder, name] of [
        [cluster.dir.path, ''],
        [path.join(cluster.dir.path, 'checkpoints'), 'checkpoints '],
        [path.join(cluster.dir.path, 'tmp'), 'scratch '],
      ] as const) {
        const { bytes, files } = sizeOf(folder);
        push(series, `${name}bytes`, bytes);
        push(series, `${name}files`, files);
      }
      context.progress(`${((Date.now() - beganAtMs) / 60_000).toFixed(1)} min: ${progressOf(client, jobs)}`);
    }
    for (const [name, samples] of readNotes(notes)) series.set(name, samples);
    const from = beganAtMs + durationMs * WARM_UP_SHARE;
    const grown = judge(context, series, from);
    for (const jobId of jobs) {
      const { restarts, completed, failed } = countsOf(client, jobId);
      context.report({
        metric: 'complete checkpoints of a job',
        value: completed,
        unit: '',
        settings: { failed, restarts },
      });
      if (restarts > 0 || failed > 0 || completed === 0)
        grown.push(`job ${jobId}: ${completed} checkpoints, ${failed} failed, ${restarts} restarts`);
    }
    if (grown.length > 0) throw new Error(`What should be steady is not: ${grown.join('; ')}`);
  },
};

async function startProbed(context: BenchContext, notes: string, intervalMs: number): Promise<BenchCluster> {
  const probe = pathToFileURL(path.join(packageRoot, '.sluice-bench', 'soakProbe.js')).href;
  const before = process.env.NODE_OPTIONS;
  // Inherited by whatever the command line starts.
  Object.assign(process.env, {
    NODE_OPTIONS: `${before ?? ''} --import=${probe}`,
    SLUICE_SOAK_FOLDER: notes,
    SLUICE_SOAK_INTERVAL_MS: String(intervalMs),
  });
  try {
    return await BenchCluster.start(context, {
      jobManagers: 2,
      taskManagers: 2,
      slots: 4,
      overrides: [
        `taskmanager.memory.managed.size=${MANAGED_MEMORY}`,
        `jobmanager.snapshot.interval-events=${SNAPSHOT_EVENTS}`,
        `jobmanager.snapshot.retain-events=${SNAPSHOT_EVENTS}`,
      ],
    });
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  }
}

/** Reports each series, and names those that grow. */
function judge(context: BenchContext, series: ReadonlyMap<string, readonly Sample[]>, fromMs: number): string[] {
  const grown: string[] = [];
  for (const [name, samples] of series) {
    const kind = name.split(' ').at(-1)!;
    const growth = growthOf(
      samples.filter(({ atMs }) => atMs >= fromMs),
      TOLERANCES[kind]!,
    );
    if (growth === null) {
      grown.push(`${name} has too few samples`);
      continue;
    }
    const inUnit = (value: number): number => (kind === 'fds' || kind === 'files' ? value : value / MIB);
    const { first, median, last, rise, tolerated, isFlat } = growth;
    const shown = { first: inUnit(first), last: inUnit(last), median: inUnit(median), tolerated: inUnit(tolerated) };
    context.report({
      metric: `${name}: rise`,
      value: inUnit(rise),
      unit: kind === 'fds' || kind === 'files' ? '' : 'MiB',
      settings: Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, Number(value.toFixed(1))])),
    });
    if (!isFlat) grown.push(`${name} rose by ${inUnit(rise).toFixed(1)}, more than ${inUnit(tolerated).toFixed(1)}`);
  }
  return grown;
}

/** By process and thread. Memory and descriptors of a process are noted by each of its threads; the main one's are taken. */
function readNotes(folder: string): Map<string, Sample[]> {
  const series = new Map<string, Sample[]>();
  for (const file of fs.readdirSync(folder)) {
    const of = path.basename(file, '.jsonl');
    const lines = fs.readFileSync(path.join(folder, file), 'utf8').split('\n').filter(Boolean);
    for (const note of lines.map((line) => JSON.parse(line) as SoakNote)) {
      const { atMs, heapUsed, external, rss, fds } = note;
      const values = of.endsWith('-main') ? { heapUsed, external, rss, fds } : { heapUsed, external };
      for (const [kind, value] of Object.entries(values)) push(series, `${of} ${kind}`, value, atMs);
    }
  }
  return series;
}

function push(series: Map<string, Sample[]>, name: string, value: number, atMs = Date.now()): void {
  const samples = series.get(name);
  if (samples === undefined) series.set(name, [{ atMs, value }]);
  else samples.push({ atMs, value });
}

/** What is deleted meanwhile counts as gone. */
function sizeOf(folder: string): { readonly bytes: number; readonly files: number } {
  let [bytes, files] = [0, 0];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const stat = fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    files++;
    // Of a sparse file what it takes.
    bytes += stat.blocks * 512;
  }
  return { bytes, files };
}

function countsOf(client: BenchClient, jobId: string) {
  const job = client.job(jobId);
  const { completed = 0, failed = 0 } = job?.checkpoints.counts ?? {};
  return { completed, failed, restarts: job?.failures.length ?? 0 };
}

function progressOf(client: BenchClient, jobs: readonly string[]): string {
  return jobs.map((jobId) => `${countsOf(client, jobId).completed} checkpoints`).join(', ');
}
