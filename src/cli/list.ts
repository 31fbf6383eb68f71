// `sluice list`, in the layout of Flink's.
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { get } from './restClient.ts';

const RULE_WIDTH = 62;
/** Jobs whose failures are asked for, newest first, and lines of each that are shown: what failed, and where in the user's file. */
const MAX_EXPLAINED = 20;
const MAX_REASON_LINES = 2;
const FAILURES = ['FAILED', 'FAILING', 'RESTARTING'];
const ENDED = ['FINISHED', 'CANCELED', 'FAILED'];

/** Of `GET /jobs/overview`. */
export interface JobSummary {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
  readonly tasks: Readonly<Record<string, number>>;
}

interface ListOptions extends DirOption {
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function listJobs(options: ListOptions): Promise<void> {
  const dir = new ClusterDir(options.dir);
  if (!options.json) console.log('Waiting for response...');
  const { jobs } = await get<{ readonly jobs: readonly JobSummary[] }>(dir, '/jobs/overview');
  const byStart = [...jobs].sort((a, b) => a['start-time'] - b['start-time']);
  const ended = byStart.filter(({ state }) => ENDED.includes(state));
  const scheduled = byStart.filter(({ state }) => state === 'CREATED');
  const running = byStart.filter((job) => !ended.includes(job) && !scheduled.includes(job));
  const reasons = await reasonsOf(dir, options.all ? byStart : running);
  if (options.json) {
    const listed = options.all ? byStart : [...running, ...scheduled];
    console.log(
      JSON.stringify(
        listed.map((job) => jsonOf(job, reasons.get(job.jid))),
        null,
        2,
      ),
    );
    return;
  }
  printSection('Running/Restarting Jobs', running, 'No running jobs.', reasons);
  printSection('Scheduled Jobs', scheduled, 'No scheduled jobs.', reasons);
  if (options.all) printSection('Terminated Jobs', ended, 'No terminated jobs.', reasons);
}

/** Why jobs have failed or restart, with stacks, by job. */
async function reasonsOf(dir: ClusterDir, jobs: readonly JobSummary[]): Promise<ReadonlyMap<string, string>> {
  const failed = jobs.filter(({ state }) => FAILURES.includes(state)).slice(-MAX_EXPLAINED);
  const reasons = await Promise.all(
    failed.map(async ({ jid }) => {
      const exceptions = get<{ readonly 'root-exception': string | null }>(dir, `/jobs/${jid}/exceptions`);
      // The job may have been forgotten meanwhile.
      const reason = await exceptions.then((found) => found['root-exception']).catch(() => null);
      return reason === null ? [] : [[jid, reason] as const];
    }),
  );
  return new Map(reasons.flat());
}

/** States with tasks in them, spelled as Flink spells them. */
function jsonOf(job: JobSummary, reason: string | undefined): object {
  const tasks = Object.entries(job.tasks)
    .filter(([state, number]) => state !== 'total' && number > 0)
    .map(([state, number]) => [state.toUpperCase(), number]);
  return {
    jobId: job.jid,
    name: job.name,
    state: job.state,
    startTime: job['start-time'],
    tasks: Object.fromEntries(tasks),
    ...(reason === undefined ? {} : { reason }),
  };
}

function printSection(
  title: string,
  jobs: readonly JobSummary[],
  none: string,
  reasons: ReadonlyMap<string, string>,
): void {
  if (jobs.length === 0) {
    console.log(none);
    return;
  }
  const dashes = RULE_WIDTH - title.length - 2;
  console.log(`${'-'.repeat(Math.floor(dashes / 2))} ${title} ${'-'.repeat(Math.ceil(dashes / 2))}`);
  for (const job of jobs) {
    console.log(`${dateOf(job['start-time'])} : ${job.jid} : ${job.name} (${job.state})`);
    const lines = reasons.get(job.jid)?.split('\n').slice(0, MAX_REASON_LINES) ?? [];
    for (const line of lines) console.log(`    ${line.trimStart()}`);
  }
  console.log('-'.repeat(RULE_WIDTH));
}

/** `21.11.2026 05:23:41`, local time. */
function dateOf(unixMs: number): string {
  const date = new Date(unixMs);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${two(date.getDate())}.${two(date.getMonth() + 1)}.${date.getFullYear()}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
