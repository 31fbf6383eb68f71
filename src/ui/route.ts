// Where one is in the UI, kept in the address behind `#`, so that the page needs no path of its own beside REST's and every view can be sent
// to others as a link.

export const JOB_TABS = ['graph', 'exceptions', 'checkpoints', 'configuration'] as const;
export type JobTab = (typeof JOB_TABS)[number];

export type Route =
  | { readonly page: 'overview' }
  /** `vertexId`: the chosen vertex of the graph. */
  | { readonly page: 'job'; readonly jobId: string; readonly tab: JobTab; readonly vertexId: string | null }
  | { readonly page: 'taskmanagers'; readonly id: string | null }
  | { readonly page: 'jobmanagers'; readonly id: string | null }
  | { readonly page: 'unknown' };

export function parseRoute(hash: string): Route {
  const parts = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  const [page = '', id = '', tab = 'graph', vertexId = ''] = parts;
  switch (page) {
    case '':
      return { page: 'overview' };
    case 'jobs':
      if (id === '') return { page: 'overview' };
      return JOB_TABS.includes(tab as JobTab)
        ? { page: 'job', jobId: id, tab: tab as JobTab, vertexId: vertexId === '' ? null : vertexId }
        : { page: 'unknown' };
    case 'taskmanagers':
    case 'jobmanagers':
      return { page, id: id === '' ? null : id };
    default:
      return { page: 'unknown' };
  }
}

export function jobHref(jobId: string, tab: JobTab = 'graph', vertexId: string | null = null): string {
  return href('jobs', jobId, ...(vertexId === null ? (tab === 'graph' ? [] : [tab]) : ['graph', vertexId]));
}

export function taskManagerHref(id: string): string {
  return href('taskmanagers', id);
}

export function jobManagerHref(id: string): string {
  return href('jobmanagers', id);
}

function href(...parts: readonly string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** What somebody typed may be no encoding at all. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
