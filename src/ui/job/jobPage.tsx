// One job: what it is and how it is, and a tab each for its graph, its failures, its checkpoints and its settings.
import type { ComponentChildren } from 'preact';
import type { JobDetails } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited, Facts } from '../elements/facts.tsx';
import { duration, plural, time } from '../format.ts';
import { useTitle } from '../pages/title.ts';
import { useResource } from '../polling.ts';
import { JOB_TABS, type JobTab, jobHref } from '../route.ts';
import { headline, stackLines } from '../stack.ts';
import { Actions } from './actions.tsx';
import { CheckpointsTab } from './checkpoints.tsx';
import { Configuration } from './configuration.tsx';
import { Exceptions, useExceptions } from './exceptions.tsx';
import { Plan } from './plan.tsx';
import { VertexPanel, VerticesTable } from './vertexPanel.tsx';

const TITLES: Readonly<Record<JobTab, string>> = {
  graph: 'Graph',
  exceptions: 'Exceptions',
  checkpoints: 'Checkpoints',
  configuration: 'Configuration',
};

/** States that are what they are because something failed. */
const TROUBLED = ['FAILED', 'FAILING', 'RESTARTING'];

interface JobPageProps {
  readonly jobId: string;
  readonly tab: JobTab;
  readonly vertexId: string | null;
}

export function JobPage({ jobId, tab, vertexId }: JobPageProps) {
  const { data: job, problem } = useResource<JobDetails>(`jobs/${encodeURIComponent(jobId)}`);
  useTitle(job?.name ?? 'Job');
  return (
    <>
      <p class="crumbs">
        <a href="#/">Overview</a>
      </p>
      {problem !== null && <p class="problem">{problem}</p>}
      {job === null ? (
        problem === null && <Awaited problem={null} />
      ) : (
        <>
          <div class="heading">
            <h1>{job.name}</h1>
            <Badge state={job.state} />
            <Actions job={job} />
          </div>
          <Summary job={job} tab={tab} />
          <Tabs job={job} tab={tab} />
          <Tab job={job} tab={tab} vertexId={vertexId} />
        </>
      )}
    </>
  );
}

function Summary({ job, tab }: { readonly job: JobDetails; readonly tab: JobTab }) {
  const needed = job['slots-needed'];
  const root = useExceptions(job.jid).data?.['root-exception'] ?? null;
  return (
    <>
      <Facts
        facts={{
          JobID: <code>{job.jid}</code>,
          Submitted: time(job['start-time']),
          'Running since': job.state === 'RUNNING' ? time(job.timestamps.RUNNING ?? null) : null,
          Ended: job['end-time'] > 0 ? time(job['end-time']) : null,
          Duration: duration(job.duration),
          Restarts: job.restarts,
        }}
      />
      {needed !== null && <p class="notice-plain">The job waits for slots: it needs {plural(needed, 'slot')}.</p>}
      {root !== null && tab !== 'exceptions' && TROUBLED.includes(job.state) && (
        <p class="problem">
          <strong>{headline(root)}</strong>{' '}
          {stackLines(root)
            .find(({ kind }) => kind === 'user')
            ?.text.trim()}{' '}
          <a href={jobHref(job.jid, 'exceptions')}>The whole stack</a>
        </p>
      )}
    </>
  );
}

function Tabs({ job, tab }: { readonly job: JobDetails; readonly tab: JobTab }) {
  const failures = useExceptions(job.jid).data?.exceptionHistory.entries.length ?? 0;
  return (
    <nav class="tabs" aria-label="Of the job">
      {JOB_TABS.map((one) => (
        <a key={one} href={jobHref(job.jid, one)} aria-current={one === tab ? 'page' : undefined}>
          {TITLES[one]}
          {one === 'exceptions' && failures > 0 && <span class="number">{failures}</span>}
        </a>
      ))}
    </nav>
  );
}

interface TabProps {
  readonly job: JobDetails;
  readonly tab: JobTab;
  readonly vertexId: string | null;
}

function Tab({ job, tab, vertexId }: TabProps): ComponentChildren {
  switch (tab) {
    case 'graph':
      return (
        <>
          {job.vertices.length > 0 && <Plan job={job} vertexId={vertexId} />}
          {vertexId === null ? (
            <VerticesTable job={job} />
          ) : (
            <VertexPanel key={vertexId} jobId={job.jid} vertexId={vertexId} />
          )}
        </>
      );
    case 'exceptions':
      return <Exceptions jobId={job.jid} />;
    case 'checkpoints':
      return <CheckpointsTab jobId={job.jid} />;
    case 'configuration':
      return <Configuration jobId={job.jid} />;
    default:
      return tab satisfies never;
  }
}
