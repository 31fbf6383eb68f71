// What the demo found out, each finding with its bound and whether it holds.
import type { Job } from '../core/state.ts';
import { type Corpus, checkOutput } from './corpus.ts';
import type { Display } from './display.ts';
import type { FailoverTimes } from './failover.ts';
import type { LedgerWatch } from './ledgerWatch.ts';
import type { OutputWatch } from './outputWatch.ts';

const MAX_FIRST_COMMIT_MS = 1_500;
/** Beyond the longest pause that the output makes by itself. */
const MAX_EXTRA_PAUSE_MS = 250;
const SHOWN_WORDS = 5;

interface Observed {
  readonly display: Display;
  readonly corpus: Corpus;
  readonly watch: OutputWatch;
  readonly ledger: LedgerWatch;
  readonly failover: FailoverTimes;
  readonly job: Readonly<Job>;
}

interface Finding {
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
}

/** Prints the findings; says whether all hold. */
export function report(observed: Observed): boolean {
  const findings = [
    ending(observed),
    firstCommit(observed),
    outputPause(observed),
    taskRestarts(observed),
    counts(observed),
  ];
  const { display } = observed;
  display.line();
  for (const { what, found, holds } of findings)
    display.line(`${holds ? 'ok    ' : 'FAILED'}  ${what.padEnd(30)}${found}`);
  const holds = findings.every((finding) => finding.holds);
  display.line();
  display.line(holds ? 'The job outlived its JobManager.' : 'Not everything held.');
  return holds;
}

function ending({ job }: Observed): Finding {
  return { what: 'Job', found: job.status.kind, holds: job.status.kind === 'FINISHED' };
}

function firstCommit({ failover }: Observed): Finding {
  const ms = failover.firstCommitAtMs - failover.killedAtMs;
  return {
    what: "Kill to new leader's Commit",
    found: `${Math.round(ms)} ms (at most ${MAX_FIRST_COMMIT_MS} ms)`,
    holds: ms <= MAX_FIRST_COMMIT_MS,
  };
}

function outputPause({ watch, failover }: Observed): Finding {
  const usual = watch.pauses(failover.watchedFromMs, failover.killedAtMs)[0] ?? Number.POSITIVE_INFINITY;
  // Until the dead one is back: its start must not be felt either.
  const longest = watch.pauses(failover.killedAtMs, failover.restartedAtMs)[0] ?? Number.POSITIVE_INFINITY;
  const extra = Math.max(0, longest - usual);
  return {
    what: 'Longest pause of the output',
    found: `${Math.round(longest)} ms; before the kill ${Math.round(usual)} ms (${MAX_EXTRA_PAUSE_MS} ms more allowed)`,
    holds: extra <= MAX_EXTRA_PAUSE_MS,
  };
}

function taskRestarts({ ledger, failover, job }: Observed): Finding {
  const deployed = ledger.arrivals.reduce(
    (sum, { record, verdict }) =>
      record.type === 'Commit' && verdict === 'counted' && record.epoch > failover.oldEpoch
        ? sum + record.events.filter(({ type }) => type === 'TaskDeployed').length
        : sum,
    0,
  );
  const attempts = Math.max(...job.vertices.flatMap(({ subtasks }) => subtasks.map(({ attempt }) => attempt)));
  return { what: 'Task restarts', found: String(deployed + attempts), holds: deployed === 0 && attempts === 0 };
}

function counts({ corpus, watch }: Observed): Finding {
  const { lines, wrong } = checkOutput(watch.files, corpus.counts);
  const equal = wrong.length === 0 && lines === corpus.words;
  const different = `${wrong.length} words differ, such as ${wrong.slice(0, SHOWN_WORDS).join(', ')}`;
  return {
    what: 'Counts beside a plain count',
    found: equal
      ? `equal: ${corpus.words.toLocaleString('en')} words, ${corpus.counts.size.toLocaleString('en')} distinct`
      : `${lines.toLocaleString('en')} updates for ${corpus.words.toLocaleString('en')} words; ${different}`,
    holds: equal,
  };
}
