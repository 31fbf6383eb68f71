// The JobManagers: their roles, how far each has read the log, and of one what it says of itself.
import type { JobManager, JobManagerDetails, JobManagers } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited, Facts } from '../elements/facts.tsx';
import { type Column, Table } from '../elements/table.tsx';
import { bytes, duration, percent } from '../format.ts';
import { useResource } from '../polling.ts';
import { jobManagerHref } from '../route.ts';
import { DetailsPage } from './detailsPage.tsx';
import { useTitle } from './title.ts';

const COLUMNS: readonly Column<JobManager>[] = [
  { title: 'JobManager', heads: true, cell: ({ id }) => <a href={jobManagerHref(id)}>{id}</a> },
  { title: 'Role', cell: ({ role }) => <Badge state={role} /> },
  {
    title: 'Its page',
    cell: ({ rest }) => (
      <a href={`${rest}/`} class="whole">
        {rest.replace(/^https?:\/\//, '')}
      </a>
    ),
  },
  { title: 'Process', numeric: true, minor: true, cell: ({ pid }) => pid },
  { title: 'Log offset', numeric: true, cell: ({ offset }) => offset.toLocaleString() },
];

export function JobManagersTable({ cluster }: { readonly cluster: JobManagers }) {
  return (
    <Table
      label="JobManagers"
      columns={COLUMNS}
      rows={cluster.jobManagers.toSorted((a, b) => a.id.localeCompare(b.id))}
      keyOf={({ id }) => id}
      empty="None is heard."
    />
  );
}

export function JobManagersPage() {
  useTitle('JobManagers');
  const { data, problem } = useResource<JobManagers>('jobmanagers');
  return (
    <>
      <h1>JobManagers</h1>
      {data === null ? (
        <Awaited problem={problem} />
      ) : (
        <>
          <Facts facts={{ Leader: data.leaderId ?? 'nobody', Epoch: data.epoch, 'This page’s offset': data.offset }} />
          <JobManagersTable cluster={data} />
        </>
      )}
    </>
  );
}

const PARTS: readonly Column<JobManagerDetails['actors'][number]>[] = [
  { title: 'Part', heads: true, cell: ({ path }) => <code>{path}</code> },
  { title: 'Status', cell: ({ status }) => status },
  { title: 'Restarts', numeric: true, cell: ({ restarts }) => restarts },
  { title: 'Messages that wait', numeric: true, cell: ({ waitingMessages }) => waitingMessages },
];

export function JobManagerPage({ id }: { readonly id: string }) {
  useTitle(id);
  const resource = useResource<JobManagerDetails>(`jobmanagers/${encodeURIComponent(id)}`);
  return (
    <DetailsPage id={id} all={{ href: '#/jobmanagers', name: 'JobManagers' }} resource={resource}>
      {(data) => (
        <>
          <Facts
            facts={{
              Role: <Badge state={data.role} />,
              Epoch: data.epoch,
              'Has read up to offset': data.offset.toLocaleString(),
              Address: <a href={`${data.rest}/`}>{data.rest}</a>,
              Process: data.pid,
              'Up for': duration(data.upMs),
              CPU: percent(data.cpuLoad),
              Heap: bytes(data.usedHeapBytes),
            }}
          />
          <h2>Parts</h2>
          <Table label="Parts" columns={PARTS} rows={data.actors} keyOf={({ path }) => path} empty="None." />
        </>
      )}
    </DetailsPage>
  );
}
