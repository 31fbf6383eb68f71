// The cluster at a glance: who leads, what there is of slots, the jobs that run and those that have ended.
import type { ClusterOverview, JobManagers, JobSummary, JobsOverview } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited } from '../elements/facts.tsx';
import { type Column, Table } from '../elements/table.tsx';
import { TaskCounts } from '../elements/taskCounts.tsx';
import { duration, plural, time } from '../format.ts';
import { useResource } from '../polling.ts';
import { jobHref } from '../route.ts';
import { JobManagersTable } from './jobManagers.tsx';
import { useTitle } from './title.ts';

const ENDED = ['FINISHED', 'CANCELED', 'FAILED'];

export function Overview() {
  useTitle('Overview');
  const overview = useResource<ClusterOverview>('overview');
  const cluster = useResource<JobManagers>('jobmanagers');
  const jobs = useResource<JobsOverview>('jobs/overview');
  return (
    <>
      <h1>Overview</h1>
      {overview.data === null || cluster.data === null ? (
        <Awaited problem={overview.problem ?? cluster.problem} />
      ) : (
        <Tiles overview={overview.data} cluster={cluster.data} />
      )}
      {jobs.data === null ? <Awaited problem={jobs.problem} /> : <Jobs jobs={jobs.data.jobs} />}
      {cluster.data !== null && (
        <section>
          <h2>JobManagers</h2>
          <JobManagersTable cluster={cluster.data} />
        </section>
      )}
    </>
  );
}

function Tiles({ overview, cluster }: { readonly overview: ClusterOverview; readonly cluster: JobManagers }) {
  const total = overview['slots-total'];
  const free = overview['slots-available'];
  const tiles = [
    ['Leader', cluster.leaderId ?? 'nobody', `epoch ${cluster.epoch}`],
    [
      'JobManagers',
      String(cluster.jobManagers.length),
      standbys(cluster.jobManagers.filter(({ id }) => id !== cluster.leaderId).length),
    ],
    ['TaskManagers', String(overview.taskmanagers), overview['flink-version']],
    ['Free slots', `${free} of ${total}`, `${total - free} in use`],
    ['Jobs running', String(overview['jobs-running']), `${overview['jobs-finished']} finished`],
    ['Jobs failed', String(overview['jobs-failed']), `${overview['jobs-cancelled']} cancelled`],
  ] as const;
  return (
    <dl class="tiles">
      {tiles.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong>
            <span>{more}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function standbys(number: number): string {
  if (number === 0) return 'nobody stands by';
  return number === 1 ? '1 stands by' : `${number} stand by`;
}

const NAME: Column<JobSummary> = {
  title: 'Job',
  heads: true,
  cell: ({ jid, name }) => (
    <>
      <a href={jobHref(jid)}>{name === '' ? 'without a name' : name}</a>
      <code class="id">{jid}</code>
    </>
  ),
};
const STATE: Column<JobSummary> = { title: 'State', cell: ({ state }) => <Badge state={state} /> };
const STARTED: Column<JobSummary> = {
  title: 'Submitted',
  whole: true,
  minor: true,
  cell: (job) => time(job['start-time']),
};
const ENDED_AT: Column<JobSummary> = { title: 'Ended', whole: true, minor: true, cell: (job) => time(job['end-time']) };
const DURATION: Column<JobSummary> = { title: 'Duration', numeric: true, cell: (job) => duration(job.duration) };
const TASKS: Column<JobSummary> = { title: 'Tasks', cell: ({ tasks }) => <TaskCounts tasks={tasks} /> };

function Jobs({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  const running = jobs.filter(({ state }) => !ENDED.includes(state));
  const ended = jobs.filter(({ state }) => ENDED.includes(state));
  return (
    <>
      <section>
        <h2>{plural(running.length, 'running job')}</h2>
        <Table
          label="Running jobs"
          columns={[NAME, STATE, STARTED, DURATION, TASKS]}
          rows={running.toSorted((a, b) => b['start-time'] - a['start-time'])}
          keyOf={({ jid }) => jid}
          empty="No job runs. Submit one with: npx sluice run FILE"
        />
      </section>
      <section>
        <h2>{plural(ended.length, 'ended job')}</h2>
        <Table
          label="Ended jobs"
          columns={[NAME, STATE, STARTED, ENDED_AT, DURATION, TASKS]}
          rows={ended.toSorted((a, b) => b['end-time'] - a['end-time'])}
          keyOf={({ jid }) => jid}
          empty="No job has ended lately."
        />
      </section>
    </>
  );
}
