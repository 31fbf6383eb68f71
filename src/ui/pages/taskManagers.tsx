// The TaskManagers: slots, memory and heartbeats of each, and of one what runs in which slot.
import type { JobManagers, TaskManager, TaskManagerDetails, TaskManagers } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited, Facts } from '../elements/facts.tsx';
import { type Column, Table } from '../elements/table.tsx';
import { bytes, duration, NOTHING, percent } from '../format.ts';
import { useResource } from '../polling.ts';
import { jobHref, taskManagerHref } from '../route.ts';
import { DetailsPage } from './detailsPage.tsx';
import { useTitle } from './title.ts';

export function TaskManagersPage() {
  useTitle('TaskManagers');
  const { data, problem } = useResource<TaskManagers>('taskmanagers');
  const now = useServerTime();
  const columns: readonly Column<TaskManager>[] = [
    { title: 'TaskManager', heads: true, cell: ({ id }) => <a href={taskManagerHref(id)}>{id}</a> },
    { title: 'Status', cell: ({ status }) => <Badge state={status} /> },
    { title: 'Slots', cell: (taskManager) => <Slots taskManager={taskManager} /> },
    { title: 'Tasks', numeric: true, cell: ({ assignedTasks }) => assignedTasks },
    { title: 'Managed memory', numeric: true, minor: true, cell: ({ hardware }) => bytes(hardware.managedMemory) },
    { title: 'Heap', numeric: true, minor: true, cell: ({ heapUsed }) => bytes(heapUsed ?? -1) },
    { title: 'CPU', numeric: true, minor: true, cell: ({ cpuLoad }) => loadOf(cpuLoad) },
    { title: 'Last heartbeat', numeric: true, cell: (taskManager) => silenceOf(taskManager, now) },
    { title: 'Data address', minor: true, cell: ({ path }) => <code>{path}</code> },
  ];
  return (
    <>
      <h1>TaskManagers</h1>
      {data === null ? (
        <Awaited problem={problem} />
      ) : (
        <Table
          label="TaskManagers"
          columns={columns}
          rows={data.taskmanagers.toSorted((a, b) => a.id.localeCompare(b.id))}
          keyOf={({ id }) => id}
          empty="No TaskManager is registered. Start one with: npx sluice taskmanager start"
        />
      )}
    </>
  );
}

/** A slot, in use or not. */
interface SlotRow {
  readonly index: number;
  readonly slot: TaskManagerDetails['allocatedSlots'][number] | null;
}

const SLOT_COLUMNS: readonly Column<SlotRow>[] = [
  { title: 'Slot', numeric: true, heads: true, cell: ({ index }) => index },
  {
    title: 'Job',
    cell: ({ slot }) =>
      slot === null ? <span class="quiet">free</span> : <a href={jobHref(slot.jobId)}>{slot.jobName}</a>,
  },
  { title: 'Tasks', cell: ({ slot }) => (slot === null ? NOTHING : <SlotTasks slot={slot} />) },
];

function SlotTasks({ slot }: { readonly slot: NonNullable<SlotRow['slot']> }) {
  const left = slot.assignedTasks - slot.tasks.length;
  return (
    <ul class="plain">
      {slot.tasks.map(({ vertexId, name, subtask, parallelism, attempt, status }) => (
        <li key={`${vertexId}/${subtask}`}>
          <Badge state={status} />{' '}
          <a href={jobHref(slot.jobId, 'graph', vertexId)}>
            {name} ({subtask + 1}/{parallelism})
          </a>{' '}
          <span class="quiet">attempt {attempt}</span>
        </li>
      ))}
      {left > 0 && <li>and {left} more</li>}
      {slot.assignedTasks === 0 && <li class="quiet">none now</li>}
    </ul>
  );
}

export function TaskManagerPage({ id }: { readonly id: string }) {
  useTitle(id);
  const resource = useResource<TaskManagerDetails>(`taskmanagers/${encodeURIComponent(id)}`);
  const now = useServerTime();
  const used = new Map(resource.data?.allocatedSlots.map((slot) => [slot.index, slot]));
  return (
    <DetailsPage id={id} all={{ href: '#/taskmanagers', name: 'TaskManagers' }} resource={resource}>
      {(data) => (
        <>
          <Facts
            facts={{
              Status: <Badge state={data.status} />,
              Slots: <Slots taskManager={data} />,
              Tasks: data.assignedTasks,
              'Managed memory': bytes(data.hardware.managedMemory),
              Heap: bytes(data.heapUsed ?? -1),
              CPU: loadOf(data.cpuLoad),
              'Last heartbeat': silenceOf(data, now),
              'Data address': <code>{data.path}</code>,
              Process: data.pid,
            }}
          />
          <h2>Slots</h2>
          <Table
            label="Slots"
            columns={SLOT_COLUMNS}
            rows={Array.from({ length: data.slotsNumber }, (_, index) => ({ index, slot: used.get(index) ?? null }))}
            keyOf={({ index }) => index}
            empty="It has no slots."
          />
        </>
      )}
    </DetailsPage>
  );
}

function Slots({ taskManager: { slotsNumber, freeSlots } }: { readonly taskManager: TaskManager }) {
  return (
    <span class="task-counts">
      <span class="bar" aria-hidden="true">
        <span class="tone-good" style={{ width: `${((slotsNumber - freeSlots) / slotsNumber) * 100}%` }} />
      </span>
      <span class="text">
        {freeSlots} of {slotsNumber} free
      </span>
    </span>
  );
}

/** By the clock of the server that heard them. */
function useServerTime(): number | null {
  return useResource<JobManagers>('jobmanagers').data?.now ?? null;
}

function silenceOf({ timeSinceLastHeartbeat: heardAt }: TaskManager, now: number | null): string {
  return now === null ? NOTHING : `${duration(Math.max(0, now - heardAt))} ago`;
}

function loadOf(cpuLoad: number | null): string {
  return cpuLoad === null ? NOTHING : percent(cpuLoad);
}
