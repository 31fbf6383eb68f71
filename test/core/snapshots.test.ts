// Snapshots: events that rebuild a state exactly, which of them are kept, and a comparison that misses nothing.
import { describe, expect, it } from 'vitest';
import { difference } from '../../src/core/difference.ts';
import { evolve } from '../../src/core/evolve.ts';
import type { VerifiedSnapshot } from '../../src/core/inputs.ts';
import { snapshotOf } from '../../src/core/snapshot.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import { Cluster, chain, fixedDelay, hex, register, submit } from './cluster.ts';

function restored(state: Readonly<ClusterState>): ClusterState {
  const copy = emptyState();
  for (const event of snapshotOf(state)) evolve(copy, event);
  return copy;
}

function compared(left: unknown, right: unknown): { readonly found: string | null; readonly pauses: number } {
  const comparing = difference(left, right);
  for (let pauses = 0; ; pauses++) {
    const next = comparing.next();
    if (next.done) return { found: next.value, pauses };
  }
}

/** Two TaskManagers, a job that runs, has one savepoint and takes another, and two jobs that wait for slots. */
function busyCluster(): Cluster {
  const cluster = new Cluster({ restart: fixedDelay(5, 100) });
  cluster.when(register('tm-1', 2));
  cluster.when(register('tm-2', 2));
  const independent = chain({ parallelism: 2 }, { parallelism: 2, inputs: [] });
  cluster.when(submit('regions', independent));
  for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'RUNNING'));
  cluster.when({ type: 'TriggerSavepoint', commandId: 'sp', jobId: hex('regions'), targetPath: null });
  const acks = cluster.subtasks('regions').map(({ vertex, index, attempt }) => ({
    vertex,
    subtask: index,
    attempt,
    handle: `h-${vertex}-${index}`,
    bytes: 7,
    shared: [],
    operators: [],
    metrics: null,
    inputEnded: false,
  }));
  const report = {
    type: 'CheckpointReport',
    jobId: hex('regions'),
    checkpointId: 1,
    declines: [],
    damaged: [],
  } as const;
  cluster.when({ ...report, taskManagerId: 'tm-1', acks: acks.slice(0, 2) });
  cluster.when({ ...report, taskManagerId: 'tm-2', acks: acks.slice(2) });
  cluster.when({ type: 'ManifestWritten', jobId: hex('regions'), checkpointId: 1 });
  cluster.when({ type: 'TriggerSavepoint', commandId: 'sp-2', jobId: hex('regions'), targetPath: null });
  cluster.when(submit('waits', chain({ parallelism: 4 })));
  cluster.when(submit('waits-too', chain({ parallelism: 1 })));
  return cluster;
}

describe('a state from its snapshot', () => {
  it('decides and folds on like the one from the start, in the same order', () => {
    const cluster = busyCluster();
    // A region that starts anew is deployed last, whatever its place in the graph.
    cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex, index }) => vertex === 0 && index === 0, 'first'));
    cluster.later(200).when({ type: 'DeadlinePassed' });
    const copy = restored(cluster.state);
    expect(compared(copy, cluster.state).found).toBeNull();
    const from = cluster.log.length;
    cluster.when({ type: 'TaskManagerGone', taskManagerId: 'tm-1', reason: 'closed' });
    for (const record of cluster.log.slice(from)) {
      if (record.type !== 'Commit') continue;
      copy.seq = record.seq;
      copy.offset++;
      copy.eventCount += record.events.length;
      for (const event of record.events) evolve(copy, event);
    }
    expect(cluster.job('regions').failures.length).toBeGreaterThan(2);
    expect(compared(copy, cluster.state).found).toBeNull();
  });

  it('has each record small, however many states a job keeps', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 3_000));
    cluster.when(submit('wide', chain({ parallelism: 3_000, maxParallelism: 32_768 })));
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    for (let savepoint = 1; savepoint <= 3; savepoint++) {
      cluster.when({ type: 'TriggerSavepoint', commandId: `sp-${savepoint}`, jobId: hex('wide'), targetPath: null });
      const acks = cluster.subtasks('wide').map(({ vertex, index, attempt }) => ({
        vertex,
        subtask: index,
        attempt,
        handle: 'h'.repeat(100),
        bytes: 1,
        shared: [],
        operators: [],
        metrics: null,
        inputEnded: false,
      }));
      const [checkpointId = 0] = cluster.job('wide').checkpoints.pending.keys();
      cluster.when({
        type: 'CheckpointReport',
        taskManagerId: 'tm-1',
        jobId: hex('wide'),
        checkpointId,
        acks,
        declines: [],
        damaged: [],
      });
      cluster.when({ type: 'ManifestWritten', jobId: hex('wide'), checkpointId });
    }
    expect(cluster.job('wide').checkpoints.savepoints).toHaveLength(3);
    const sizes = [...snapshotOf(cluster.state)].map((event) => JSON.stringify(event).length);
    expect(Math.max(...sizes)).toBeLessThan(400_000);
    const { found, pauses } = compared(restored(cluster.state), cluster.state);
    expect(found).toBeNull();
    expect(pauses).toBeGreaterThan(5);
  });
});

describe('the comparison of two states', () => {
  const damages: readonly (readonly [string, (state: ClusterState) => void, RegExp])[] = [
    ['a number', (state) => state.seq++, /^state\.seq is \d+ and \d+$/],
    [
      'a time deep inside',
      (state) => ([...state.jobs.values()][0]!.vertices[1]!.subtasks[1]!.timestamps.RUNNING = 1),
      /timestamps\.RUNNING/,
    ],
    ['a job that is missing', (state) => state.jobs.delete(hex('waits')), /state\.jobs has/],
    ['the order of the queue', (state) => (state.queue = new Set([...state.queue].reverse())), /state\.queue/],
    ['the order of jobs', (state) => (state.jobs = new Map([...state.jobs].reverse())), /state\.jobs/],
    ['a field that only one has', (state) => Object.assign([...state.jobs.values()][0]!, { extra: 1 }), /entries/],
    [
      'a slot that is a copy',
      (state) => {
        const subtask = [...state.jobs.values()][0]!.vertices[0]!.subtasks[0]!;
        subtask.slot = { ...subtask.slot! };
      },
      /two on the other/,
    ],
    ['null for nothing', (state) => (state.leader = null), /state\.leader is an object and null|null and an object/],
    [
      'an ack',
      (state) => [...state.jobs.values()][0]!.checkpoints.pending.get(2)!.waitingFor.clear(),
      /waitingFor has/,
    ],
  ];
  it.each(damages)('finds %s', (_, damage, where) => {
    const { state } = busyCluster();
    const copy = restored(state);
    damage(copy);
    expect(compared(state, copy).found).toMatch(where);
    expect(compared(copy, state).found).not.toBeNull();
  });
});

describe('snapshots that are kept', () => {
  const take = (number: number, eventCount: number): VerifiedSnapshot => ({
    snapshotId: `s${number}`,
    offset: number * 10,
    eventCount,
    parts: 1,
    bytes: 1,
    position: number,
  });

  it('are the newest few, and those that the log needs to reach back far enough', () => {
    const cluster = new Cluster({
      snapshots: { intervalEvents: 0, intervalMs: 0, retained: 2, retainEvents: 250 },
    });
    const kept: string[] = [];
    for (let number = 1; number <= 6; number++) {
      cluster.state.eventCount = number * 100;
      const events = cluster.when({ type: 'SnapshotVerified', ...take(number, number * 100) });
      expect(events.map(({ type }) => type)).toEqual(['SnapshotTaken']);
      kept.push(cluster.state.snapshots.map(({ id }) => id).join(' '));
    }
    // The first one always stands at least 250 events back, where there are so many.
    expect(kept).toEqual(['s1', 's1 s2', 's1 s2 s3', 's1 s2 s3 s4', 's2 s3 s4 s5', 's3 s4 s5 s6']);
  });

  it('are no more for one that comes twice or late', () => {
    const cluster = new Cluster();
    cluster.when({ type: 'SnapshotVerified', ...take(2, 5) });
    expect(cluster.when({ type: 'SnapshotVerified', ...take(2, 5) })).toEqual([]);
    expect(cluster.when({ type: 'SnapshotVerified', ...take(1, 3) })).toEqual([]);
    expect(cluster.state.snapshots.map(({ id }) => id)).toEqual(['s2']);
  });
});
