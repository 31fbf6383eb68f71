// Below the graph: all vertices as a table, or the subtasks of the chosen one.
import type { BackPressure, JobDetails, Vertex, VertexDetails } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited } from '../elements/facts.tsx';
import { type Column, Table } from '../elements/table.tsx';
import { TaskCounts } from '../elements/taskCounts.tsx';
import { bytes, count, duration, NOTHING, percent } from '../format.ts';
import { useResource } from '../polling.ts';
import { jobHref, taskManagerHref } from '../route.ts';

type Subtask = VertexDetails['subtasks'][number];

export function VerticesTable({ job }: { readonly job: JobDetails }) {
  const columns: readonly Column<Vertex>[] = [
    { title: 'Vertex', heads: true, cell: ({ id, name }) => <a href={jobHref(job.jid, 'graph', id)}>{name}</a> },
    { title: 'State', cell: ({ status }) => <Badge state={status} /> },
    { title: 'Parallelism', numeric: true, minor: true, cell: ({ parallelism }) => parallelism },
    { title: 'Tasks', cell: ({ tasks }) => <TaskCounts tasks={tasks} /> },
    { title: 'Bytes in', numeric: true, minor: true, cell: (vertex) => heard(vertex, bytes, 'read-bytes') },
    { title: 'Bytes out', numeric: true, minor: true, cell: (vertex) => heard(vertex, bytes, 'write-bytes') },
    { title: 'Duration', numeric: true, minor: true, cell: (vertex) => duration(vertex.duration) },
  ];
  return (
    <section>
      <h2>Vertices</h2>
      <Table
        label="Vertices"
        columns={columns}
        rows={job.vertices}
        keyOf={({ id }) => id}
        empty="There are none: the job has not been planned."
      />
    </section>
  );
}

interface VertexPanelProps {
  readonly jobId: string;
  readonly vertexId: string;
}

export function VertexPanel({ jobId, vertexId }: VertexPanelProps) {
  const path = `jobs/${jobId}/vertices/${encodeURIComponent(vertexId)}`;
  const { data, problem } = useResource<VertexDetails>(path);
  const pressure = useResource<BackPressure>(`${path}/backpressure`);
  const shares = new Map(pressure.data?.subtasks.map((one) => [one.subtask, one]));
  const share = ({ subtask }: Subtask, name: 'ratio' | 'busyRatio'): string => {
    const known = shares.get(subtask);
    return known === undefined ? NOTHING : percent(Math.min(1, known[name]));
  };
  const columns: readonly Column<Subtask>[] = [
    { title: 'Subtask', numeric: true, heads: true, cell: ({ subtask }) => subtask + 1 },
    { title: 'State', cell: ({ status }) => <Badge state={status} /> },
    { title: 'Attempt', numeric: true, cell: ({ attempt }) => attempt },
    { title: 'TaskManager', cell: (subtask) => <Host id={subtask['taskmanager-id']} /> },
    { title: 'Busy', numeric: true, cell: (subtask) => share(subtask, 'busyRatio') },
    { title: 'Back-pressured', numeric: true, cell: (subtask) => share(subtask, 'ratio') },
    { title: 'Records in', numeric: true, minor: true, cell: (subtask) => heard(subtask, count, 'read-records') },
    { title: 'Records out', numeric: true, minor: true, cell: (subtask) => heard(subtask, count, 'write-records') },
    { title: 'Duration', numeric: true, minor: true, cell: (subtask) => duration(subtask.duration) },
  ];
  return (
    <section>
      <div class="heading">
        <h2>{data?.name ?? 'Subtasks'}</h2>
        <a href={jobHref(jobId)}>All vertices</a>
      </div>
      {problem !== null && <p class="problem">{problem}</p>}
      {data === null ? (
        problem === null && <Awaited problem={null} />
      ) : (
        <Table
          label="Subtasks"
          columns={columns}
          rows={data.subtasks}
          keyOf={({ subtask }) => subtask}
          empty="It has no subtasks."
        />
      )}
    </section>
  );
}

function Host({ id }: { readonly id: string }) {
  return id.startsWith('(') ? <span class="quiet">none</span> : <a href={taskManagerHref(id)}>{id}</a>;
}

/** Nothing where nobody tells: counts are those of tasks that run. */
function heard(
  { metrics }: Pick<Vertex, 'metrics'>,
  format: (value: number) => string,
  name: 'read-bytes' | 'write-bytes' | 'read-records' | 'write-records',
): string {
  return metrics[name] === 0 && !metrics['read-records-complete'] ? NOTHING : format(metrics[name]);
}
