// What every page has around it: where one can go, which JobManager answers and who leads, and whether what is seen is of now.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JobManagers } from './answers.ts';
import { Badge } from './elements/badge.tsx';
import { timeOfDay } from './format.ts';
import { JobPage } from './job/jobPage.tsx';
import { JobManagerPage, JobManagersPage } from './pages/jobManagers.tsx';
import { Overview } from './pages/overview.tsx';
import { TaskManagerPage, TaskManagersPage } from './pages/taskManagers.tsx';
import { type Connection, useConnection, useResource } from './polling.ts';
import { parseRoute, type Route } from './route.ts';

const LINKS = [
  ['#/', 'Overview', ['overview', 'job']],
  ['#/taskmanagers', 'TaskManagers', ['taskmanagers']],
  ['#/jobmanagers', 'JobManagers', ['jobmanagers']],
] as const satisfies readonly (readonly [string, string, readonly Route['page'][]])[];

export function Shell() {
  const route = useRoute();
  const { data: cluster } = useResource<JobManagers>('jobmanagers');
  const connection = useConnection();
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href="#/">
          Sluice
        </a>
        <nav aria-label="Pages">
          {LINKS.map(([href, name, pages]) => (
            <a
              key={href}
              href={href}
              aria-current={(pages as readonly string[]).includes(route.page) ? 'page' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        {cluster !== null && <Serving cluster={cluster} />}
      </header>
      <div role="status">
        <Unreachable connection={connection} cluster={cluster} />
      </div>
      <main id="main" tabIndex={-1}>
        <Page route={route} />
      </main>
    </>
  );
}

function Page({ route }: { readonly route: Route }): ComponentChildren {
  switch (route.page) {
    case 'overview':
      return <Overview />;
    case 'job':
      return <JobPage key={route.jobId} jobId={route.jobId} tab={route.tab} vertexId={route.vertexId} />;
    case 'taskmanagers':
      return route.id === null ? <TaskManagersPage /> : <TaskManagerPage id={route.id} />;
    case 'jobmanagers':
      return route.id === null ? <JobManagersPage /> : <JobManagerPage id={route.id} />;
    case 'unknown':
      return (
        <>
          <h1>There is no such page</h1>
          <p>
            <a href="#/">Go to the overview</a>
          </p>
        </>
      );
    default:
      return route satisfies never;
  }
}

function Serving({ cluster }: { readonly cluster: JobManagers }) {
  const [self, ...others] = cluster.jobManagers;
  if (self === undefined) return null;
  const leader = others.find(({ id }) => id === cluster.leaderId);
  return (
    <p class="serving">
      <span>{self.id}</span> <Badge state={self.role} />{' '}
      {self.id !== cluster.leaderId && (
        <span class="leads">
          {cluster.leaderId === null ? (
            'nobody leads now'
          ) : leader === undefined ? (
            `${cluster.leaderId} leads`
          ) : (
            <a href={`${leader.rest}/${location.hash}`}>{leader.id} leads</a>
          )}
        </span>
      )}
    </p>
  );
}

interface UnreachableProps {
  readonly connection: Connection;
  readonly cluster: JobManagers | null;
}

function Unreachable({ connection, cluster }: UnreachableProps) {
  if (connection.reachable) return null;
  const [self, ...others] = cluster?.jobManagers ?? [];
  return (
    <p class="unreachable">
      <strong>{self?.id ?? 'The JobManager'} is not reachable.</strong>{' '}
      {connection.lastAnswerAt !== null && `This is the last data, of ${timeOfDay(connection.lastAnswerAt)}. `}
      It is asked again each second.
      {others.length > 0 && (
        <>
          {' '}
          Go to{' '}
          {others.map(({ id, rest }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <a href={`${rest}/${location.hash}`}>{id}</a>
            </span>
          ))}
          .
        </>
      )}
    </p>
  );
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  const isFirst = useRef(true);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const route = parseRoute(hash);
  const place = route.page === 'job' ? `job ${route.jobId}` : `${route.page} ${'id' in route ? route.id : ''}`;
  // Another page, not another tab of it, is begun at its top.
  useEffect(() => {
    if (!isFirst.current) scrollTo(0, 0);
    isFirst.current = false;
  }, [place]);
  return route;
}
