#!/usr/bin/env node
// `npm run demo`: a streaming WordCount over two TaskManagers outlives its JobManager. Starts a cluster of four processes, kills the leader
// in the middle of the job, restarts it as a standby, and then checks what it claims: a new leader in time, no pause of the output to
// speak of, no task started anew, every word counted exactly once. Exits with 0 only if all of that holds.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../packageRoot.ts';
import { openBackbone } from '../wiring.ts';
import { DemoCluster, type JournalChoice } from './cluster.ts';
import { type Corpus, collectCorpus } from './corpus.ts';
import { Display } from './display.ts';
import { Failover } from './failover.ts';
import { report } from './findings.ts';
import { describe, LedgerWatch } from './ledgerWatch.ts';
import { OutputWatch } from './outputWatch.ts';

const LINES_PER_SECOND = 3_000;
const JOB_SECONDS = 20;
const PARALLELISM = 2;
const JOB_TIMEOUT_MS = 120_000;
const STATUS_INTERVAL_MS = 250;

const { values } = parseArgs({
  options: { journal: { type: 'string', default: 'embedded' }, help: { type: 'boolean', short: 'h', default: false } },
});
if (values.help || (values.journal !== 'embedded' && values.journal !== 'kafka')) {
  console.log('Usage: npm run demo -- [--journal embedded|kafka]');
  process.exit(values.help ? 0 : 2);
}

const display = new Display(process.stdout);
const cluster = new DemoCluster();
let ending: Promise<void> | null = null;
const cleanUp = (): Promise<void> => {
  ending ??= cluster.stop();
  return ending;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    display.end();
    console.log('Stopping the demo.');
    cleanUp().finally(() => process.exit(130));
  });
}

try {
  const holds = await demo(values.journal);
  await cleanUp();
  process.exit(holds ? 0 : 1);
} catch (error) {
  // Interrupted, everything fails; that has been said.
  if (ending === null) {
    display.end();
    console.error(`The demo failed: ${(error as Error).message}`);
  }
  await cleanUp();
  process.exit(1);
}

async function demo(journal: JournalChoice): Promise<boolean> {
  display.line('Sluice demo: a job outlives its JobManager.');
  display.line();
  const corpus = collectCorpus(
    path.join(packageRoot, 'node_modules'),
    path.join(cluster.folder, 'text'),
    LINES_PER_SECOND * JOB_SECONDS,
  );
  display.event(
    `Text: ${corpus.files} Markdown and licence files of the installed packages, ${corpus.lines.toLocaleString('en')} lines, ` +
      `${corpus.words.toLocaleString('en')} words.`,
  );
  display.event(`Starting 2 JobManagers and 2 TaskManagers on the ${journal} journal.`);
  for (const line of (await cluster.start(journal)).trim().split('\n').slice(1)) display.event(line);

  const backbone = await openBackbone({
    config: cluster.config,
    dir: cluster.dir.path,
    source: 'demo',
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    createTopics: false,
  });
  const ledger = await LedgerWatch.open(backbone.channels, (arrival) => {
    const text = describe(arrival);
    if (text !== null) display.event(`[epoch ${arrival.record.epoch}] ${text}`);
  });
  try {
    return await watchJob(corpus, ledger);
  } finally {
    await ledger.close();
    await backbone.close();
  }
}

async function watchJob(corpus: Corpus, ledger: LedgerWatch): Promise<boolean> {
  const output = path.join(cluster.folder, 'counts');
  const submitted = await cluster.sluice(
    'run',
    ...['-d', '-p', String(PARALLELISM), path.join(packageRoot, 'examples', 'wordcount.ts')],
    ...['--input', corpus.folder, '--output', output, '--rate', String(corpus.lines / JOB_SECONDS)],
  );
  const jobId = /JobID ([0-9a-f]{32})/.exec(submitted)?.[1];
  if (jobId === undefined) throw new Error(`sluice run printed no JobID: ${submitted}`);
  display.event(`sluice run: job ${jobId}`);
  const job = () => ledger.state.jobs.get(jobId);
  await ledger.until(() => job()?.status.kind === 'RUNNING', JOB_TIMEOUT_MS, 'JobStarted');

  const watch = new OutputWatch(output);
  const failover = new Failover(cluster, ledger, display, JOB_SECONDS * 1_000);
  let lastBytes = 0;
  const status = setInterval(() => {
    const { state } = ledger;
    const bytesPerWord = watch.bytesPerLine;
    const wordsPerSecond = ((watch.bytes - lastBytes) / bytesPerWord / STATUS_INTERVAL_MS) * 1_000;
    lastBytes = watch.bytes;
    const share = Math.min(100, Math.round((watch.bytes / bytesPerWord / corpus.words) * 100));
    const leader = failover.leaderIsDead ? 'none' : (state.leader?.id ?? 'none');
    display.status(
      `leader ${leader} | epoch ${state.epoch} | ${Math.round(wordsPerSecond).toLocaleString('en')} words/s | ${share} % | job ${job()?.status.kind}`,
    );
  }, STATUS_INTERVAL_MS);
  try {
    const failingOver = failover.run();
    await ledger.until(
      () => ['FINISHED', 'FAILED', 'CANCELED'].includes(job()!.status.kind),
      JOB_TIMEOUT_MS,
      'the end of the job',
    );
    await failingOver;
  } finally {
    clearInterval(status);
    watch.stop();
    display.end();
  }
  return report({ display, corpus, watch, ledger, failover: failover.times, job: job()! });
}
