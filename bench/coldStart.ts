// How soon a JobManager is there on a ledger of a million events, with no snapshot and with one: the replica alone, in a process of its own,
// and the real process from its command to its first Commit as the leader, which includes the wait for a leader that may still live.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ClusterDir } from '../src/cli/clusterDir.ts';
import { signalProcess, waitForEnd } from '../src/cli/processIdentity.ts';
import type { ClusterEvent } from '../src/core/schema.gen.ts';
import { packageRoot } from '../src/packageRoot.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchJournal, benchJournal, JOURNALS } from './journals.ts';
import { measure } from './measure.ts';
import { writeLedger } from './replay.ts';

const EVENTS = 1_000_000;
const EVENTS_PER_COMMIT = 4;
const RUNS = 3;
const TIMEOUT_MS = 60_000;
const AIMS = { none: 4_000, newest: 500 } as const;

export const coldStart: Bench = {
  name: 'cold-start',
  about: 'a JobManager on 1 M events, without a snapshot and with one: replica caught up; process started → leads',
  async run(context) {
    for (const type of JOURNALS) {
      const journal = await benchJournal(context, type, 'cold-start');
      if (journal === null) continue;
      const events = context.scaled(EVENTS);
      await writeLedger(context, journal, { events, eventsPerCommit: EVENTS_PER_COMMIT });
      const lines = [...journal.overrides, 'rest.port=0'].map((override) => override.replace('=', ': '));
      fs.writeFileSync(path.join(journal.dir, 'sluice.yaml'), `${lines.join('\n')}\n`);
      const settings = { journal: type, events, eventsPerCommit: EVENTS_PER_COMMIT };
      await replicas(context, journal, 'none', settings);
      await start(context, journal, { ...settings, snapshot: 'none' }, 'SnapshotTaken');
      await replicas(context, journal, 'newest', settings);
      await start(context, journal, { ...settings, snapshot: 'newest' }, 'LeadershipConfirmed');
      await journal.empty();
    }
  },
};

async function replicas(
  context: BenchContext,
  { type, dir, overrides }: BenchJournal,
  snapshot: keyof typeof AIMS,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const caughtUp: number[] = [];
  const sinceStart: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { ms, sinceStartMs } = await measure({ kind: 'replay', dir, overrides });
    caughtUp.push(ms);
    sinceStart.push(sinceStartMs);
  }
  const which = `${type}, ${snapshot === 'none' ? 'no snapshot' : 'a snapshot'}`;
  const all = { ...settings, snapshot, aim: AIMS[snapshot] };
  context.reportRuns(`${which}: replica caught up`, caughtUp, 'ms', all);
  context.reportRuns(`${which}: replica caught up, since the process started`, sinceStart, 'ms', all);
}

/** Starts a JobManager, waits until it leads and `until` is in the log, and ends it. */
async function start(
  context: BenchContext,
  { backbone: { channels, journal }, dir: folder, type }: BenchJournal,
  settings: Readonly<Record<string, unknown>>,
  until: 'LeadershipConfirmed' | 'SnapshotTaken',
): Promise<void> {
  const { end } = await journal.offsets('events', 0);
  const arrivedAtMs = new Map<ClusterEvent['type'], number>();
  let check: () => void = () => {};
  const tail = await channels.follow('events', {
    from: () => end,
    onBatch: ({ deliveries }) => {
      for (const delivery of deliveries) {
        if (delivery.kind !== 'message' || delivery.message.type !== 'Commit') continue;
        for (const event of delivery.message.events)
          if (!arrivedAtMs.has(event.type)) arrivedAtMs.set(event.type, performance.now());
      }
      check();
    },
    onError: (error) => context.progress(`events cannot be followed: ${error.message}`),
  });
  const dir = new ClusterDir(folder);
  const killAll = async (): Promise<void> => {
    for (const entry of await dir.liveProcesses()) {
      await signalProcess(entry, 'SIGKILL');
      await waitForEnd(entry, TIMEOUT_MS);
    }
  };
  context.onEnd(killAll);
  const startedAtMs = performance.now();
  const main = path.join(packageRoot, 'dist', 'main.js');
  await promisify(execFile)(process.execPath, [main, 'jobmanager', 'start', '--dir', folder], { timeout: TIMEOUT_MS });
  const commandMs = performance.now() - startedAtMs;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${until} within ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
    check = () => {
      if (!arrivedAtMs.has('LeadershipConfirmed') || !arrivedAtMs.has(until)) return;
      clearTimeout(timer);
      resolve();
    };
    check();
  });
  await tail.close();
  await killAll();
  const which = `${type}, ${settings.snapshot === 'none' ? 'no snapshot' : 'a snapshot'}`;
  context.report({ metric: `${which}: sluice jobmanager start`, value: commandMs, unit: 'ms', settings });
  context.report({
    metric: `${which}: sluice jobmanager start → it leads`,
    value: arrivedAtMs.get('LeadershipConfirmed')! - startedAtMs,
    unit: 'ms',
    settings: { ...settings, includes: 'high-availability.leader-timeout' },
  });
}
