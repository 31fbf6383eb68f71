// What a closed connection means: the end of a TaskManager, unless it is heard or links again soon after. And what silence means.
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import type { Observation } from '../../src/core/inputs.ts';
import type { ClusterState } from '../../src/core/state.ts';
import { RunningTime } from '../../src/jobmanager/runningTime.ts';
import { TaskManagerWatch } from '../../src/jobmanager/taskManagerWatch.ts';
import { Cluster, register } from '../core/cluster.ts';

const TICK_MS = 50;
const ID = 'tm-1';

let clock: ManualClock;
let watch: TaskManagerWatch;
let state: ClusterState;
let leads: boolean;
let observed: Observation[];

beforeEach(() => {
  clock = new ManualClock();
  observed = [];
  leads = true;
  const cluster = new Cluster();
  cluster.when(register(ID, 1));
  ({ state } = cluster);
  const term = { observe: (observation: Observation) => observed.push(observation), requireRegistration() {} };
  const time = new RunningTime(
    clock,
    TICK_MS,
    () => watch.tick(state, leads ? term : null),
    () => watch.grantGrace(),
  );
  watch = new TaskManagerWatch({ heartbeatIntervalMs: 500, heartbeatTimeoutMs: 60_000 }, time, clock);
  time.start();
  watch.onLinked(ID);
});

function beat(): void {
  const heartbeat = {
    type: 'TaskManagerHeartbeat',
    taskManagerId: ID,
    pid: 1,
    cpuLoad: 0,
    usedHeapBytes: 0,
    memory: null,
    attempts: [],
    metrics: [],
  } as const;
  watch.onHeartbeat(heartbeat, clock.now(), state, null);
}

const gone = () => observed.filter(({ type }) => type === 'TaskManagerGone').length;

describe('a connection that closed', () => {
  it('is the end of its TaskManager after a moment, and is said until that is decided', async () => {
    watch.onUnlinked(ID);
    await clock.advance(190);
    expect(gone()).toBe(0);
    await clock.advance(70);
    expect(gone()).toBe(1);
    await clock.advance(300);
    expect(gone()).toBe(2);
    state.taskManagers.delete(ID);
    await clock.advance(1_000);
    expect(gone()).toBe(2);
  });

  it('is not where it links again, or is heard after it', async () => {
    watch.onUnlinked(ID);
    await clock.advance(100);
    watch.onLinked(ID);
    await clock.advance(1_000);
    watch.onUnlinked(ID);
    await clock.advance(100);
    beat();
    await clock.advance(1_000);
    expect(gone()).toBe(0);
  });

  it('is in spite of a heartbeat that was on its way', async () => {
    watch.onUnlinked(ID);
    await clock.advance(20);
    beat();
    await clock.advance(300);
    expect(gone()).toBe(1);
  });

  it('is remembered by a standby for when it leads', async () => {
    leads = false;
    watch.onUnlinked(ID);
    await clock.advance(5_000);
    expect(gone()).toBe(0);
    leads = true;
    await clock.advance(TICK_MS);
    expect(gone()).toBe(1);
  });

  it('gets its grace anew with a new term, or where this process did not run', async () => {
    watch.onUnlinked(ID);
    await clock.advance(150);
    watch.grantGrace();
    await clock.advance(150);
    expect(gone()).toBe(0);
    await clock.advance(150);
    expect(gone()).toBe(1);
  });
});

describe('silence', () => {
  const silent = () => observed.filter(({ type }) => type === 'TaskManagerSilent').length;

  /** Time in which this process hears itself. */
  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      watch.onEcho();
      await clock.advance(500);
    }
  }

  it('is noticed after the time-out', async () => {
    beat();
    await advance(59_500);
    expect(silent()).toBe(0);
    await advance(1_000);
    expect(silent()).toBe(1);
  });

  it('means nothing while this process does not hear itself, and begins anew after that', async () => {
    beat();
    await advance(20_000);
    await clock.advance(120_000);
    expect(silent()).toBe(0);
    await advance(59_000);
    expect(silent()).toBe(0);
    await advance(2_000);
    expect(silent()).toBe(1);
  });
});
