// The checkpoints of a job: how many there were, the latest of each kind, what they take, and those that the ledger still knows.
import { useRef } from 'preact/hooks';
import type { Checkpoint, CheckpointConfig, Checkpoints, Spread } from '../answers.ts';
import { Badge } from '../elements/badge.tsx';
import { Awaited, Facts } from '../elements/facts.tsx';
import { type Column, Table } from '../elements/table.tsx';
import { bytes, duration, NOTHING, time, timeOfDay } from '../format.ts';
import { useResource } from '../polling.ts';

/** Checkpoints that the history shows. */
const MAX_SEEN = 50;
/** Stands where the path of one was that is kept no more. */
const REPLACED = 'replaced by a later one';

export function CheckpointsTab({ jobId }: { readonly jobId: string }) {
  const { data, problem } = useResource<Checkpoints>(`jobs/${jobId}/checkpoints`);
  const config = useResource<CheckpointConfig>(`jobs/${jobId}/checkpoints/config`);
  const seen = useSeen(data?.history ?? []);
  if (data === null) return <Awaited problem={problem} />;
  const { counts, history, summary } = data;
  return (
    <>
      <Facts
        facts={{
          Completed: counts.completed.toLocaleString(),
          Failed: counts.failed.toLocaleString(),
          'In progress': counts.in_progress,
          Restored: counts.restored,
          Interval: config.data === null ? 'no periodic checkpoints' : duration(config.data.interval),
        }}
      />
      <section>
        <h2>Latest</h2>
        <Latest checkpoints={data} />
      </section>
      {history.filter(({ status }) => status === 'COMPLETED').length > 1 && (
        <section>
          <h2>Of those that are kept</h2>
          <Table
            label="Summary"
            columns={SPREADS}
            rows={[
              { name: 'Duration', format: duration, spread: summary.end_to_end_duration },
              { name: 'State', format: bytes, spread: summary.state_size },
              { name: 'Written anew', format: bytes, spread: summary.checkpointed_size },
            ]}
            keyOf={({ name }) => name}
            empty=""
          />
        </section>
      )}
      <section>
        <h2>History</h2>
        <Table
          label="Checkpoints"
          columns={HISTORY}
          rows={seen}
          keyOf={({ id }) => id}
          empty="No checkpoint is under way, kept or remembered."
        />
      </section>
    </>
  );
}

/** What the ledger knows, and completed ones that were seen here before later ones took their place. The newest first. */
function useSeen(history: readonly Checkpoint[]): readonly Checkpoint[] {
  const seen = useRef(new Map<number, Checkpoint>());
  for (const checkpoint of history) seen.current.set(checkpoint.id, checkpoint);
  const known = new Set(history.map(({ id }) => id));
  const all = [...seen.current.values()]
    // One that was under way and is neither kept nor failed has completed and been replaced since.
    .filter(({ id, status }) => known.has(id) || status === 'COMPLETED')
    .map((checkpoint) => (known.has(checkpoint.id) ? checkpoint : { ...checkpoint, external_path: REPLACED }))
    .sort((a, b) => b.id - a.id)
    .slice(0, MAX_SEEN);
  seen.current = new Map(all.map((checkpoint) => [checkpoint.id, checkpoint]));
  return all;
}

interface SpreadRow {
  readonly name: string;
  readonly format: (value: number) => string;
  readonly spread: Spread;
}

const SPREADS: readonly Column<SpreadRow>[] = [
  { title: 'Of each', heads: true, cell: ({ name }) => name },
  ...(['min', 'avg', 'p95', 'max'] as const).map(
    (name): Column<SpreadRow> => ({
      title: { min: 'Least', avg: 'Mean', p95: '95 %', max: 'Most' }[name],
      numeric: true,
      cell: ({ format, spread }) => (spread[name] === 'NaN' ? NOTHING : format(spread[name])),
    }),
  ),
];

function Latest({ checkpoints: { latest } }: { readonly checkpoints: Checkpoints }) {
  const { completed, savepoint, failed, restored } = latest;
  if (completed === null && savepoint === null && failed === null && restored === null)
    return <p class="empty">None has been taken yet.</p>;
  return (
    <Facts
      facts={{
        Completed: completed === null ? null : <Taken checkpoint={completed} />,
        Savepoint: savepoint === null ? null : <Taken checkpoint={savepoint} />,
        Failed:
          failed === null ? null : (
            <>
              {failed.id}, {timeOfDay(failed.trigger_timestamp)}: {failed.failure_message}
            </>
          ),
        'Restored from':
          restored === null ? null : (
            <>
              {restored.is_savepoint ? 'savepoint' : 'checkpoint'} {restored.id}, {time(restored.restore_timestamp)}{' '}
              <code class="id">{restored.external_path}</code>
            </>
          ),
      }}
    />
  );
}

function Taken({ checkpoint }: { readonly checkpoint: Checkpoint }) {
  return (
    <>
      {checkpoint.id}, {timeOfDay(checkpoint.trigger_timestamp)}, in {duration(checkpoint.end_to_end_duration)},{' '}
      {bytes(checkpoint.state_size)} <code class="id">{checkpoint.external_path}</code>
    </>
  );
}

const HISTORY: readonly Column<Checkpoint>[] = [
  { title: 'Id', numeric: true, heads: true, cell: ({ id }) => id },
  { title: 'Kind', cell: (checkpoint) => (checkpoint.is_savepoint ? 'savepoint' : 'checkpoint') },
  { title: 'Status', cell: ({ status }) => <Badge state={status} /> },
  { title: 'Triggered', whole: true, minor: true, cell: (checkpoint) => time(checkpoint.trigger_timestamp) },
  { title: 'Duration', numeric: true, cell: (checkpoint) => duration(checkpoint.end_to_end_duration) },
  { title: 'State', numeric: true, cell: (checkpoint) => sizeOf(checkpoint, 'state_size') },
  { title: 'Written anew', numeric: true, minor: true, cell: (checkpoint) => sizeOf(checkpoint, 'checkpointed_size') },
  {
    title: 'Acked',
    numeric: true,
    minor: true,
    cell: (checkpoint) => `${checkpoint.num_acknowledged_subtasks}/${checkpoint.num_subtasks}`,
  },
  {
    title: 'Path, or why it failed',
    cell: ({ failure_message: failure, external_path: path }) =>
      path === REPLACED ? (
        <span class="quiet">{path}</span>
      ) : (
        (failure ?? <code class="path">{path === '' ? NOTHING : path}</code>)
      ),
  },
];

function sizeOf(checkpoint: Checkpoint, name: 'state_size' | 'checkpointed_size'): string {
  return checkpoint.status === 'FAILED' ? NOTHING : bytes(checkpoint[name]);
}
