// Real JobManagers, real TaskManager shells and a real JobClient on one simulated broker; only the tasks are played.
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import { seededIds } from '../../src/adapters/simulated/random.ts';
import { JobClient } from '../../src/client/jobClient.ts';
import { openChannels } from '../../src/codec/channels.ts';
import type { CheckpointConfig } from '../../src/core/schema.gen.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { commitsOf, Harness, silentLogger, submitJob } from '../jobmanager/harness.ts';
import { FakeDataPlane, FakeWorkers, type FakeWorkersOptions } from './fakeWorkers.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

const INTERVAL_MS = 5_000;
const KILLS = 8;
/** From when a checkpoint is due to the Commit that triggers it. */
const MAX_DELAY_MS = 100;

interface TaskManager {
  readonly executor: TaskExecutor;
  readonly workers: FakeWorkers;
  readonly process: SimulatedProcess;
}

describe(`TaskManagers under real JobManagers, seed ${seed}`, () => {
  let harness: Harness;
  let taskManagers: TaskManager[] = [];

  afterEach(async () => {
    for (const { executor } of taskManagers) await harness.within(executor.stop('the test is over'));
    await harness.stopAll();
    taskManagers = [];
  });

  function channelsOf(source: string, process = new SimulatedProcess(harness.clock)) {
    return openChannels(harness.broker.connect(process), { topics: loadTopicSpecs(), source });
  }

  async function startTaskManager(id: string, options: FakeWorkersOptions = {}): Promise<TaskManager> {
    const process = new SimulatedProcess(harness.clock);
    const workers = new FakeWorkers(options);
    const executor = new TaskExecutor({
      id,
      channels: channelsOf(id, process),
      signals: harness.signals.connect(process),
      clock: process.clock,
      workers,
      slots: 1,
      managedMemoryBytes: 1024,
      logger: silentLogger,
      pid: 1,
      gauges: () => ({ cpuLoad: 0, usedHeapBytes: 0 }),
      onFailure: (error) => {
        throw error;
      },
    });
    const taskManager = { executor, workers, process };
    taskManagers.push(taskManager);
    await harness.within(executor.start());
    await harness.until(() => executor.isRegistered);
    return taskManager;
  }

  async function submit(parallelism: number, checkpointing: CheckpointConfig | null = null) {
    const { commandId: _, graph, options, ...submission } = submitJob(1, parallelism);
    if (graph === null) throw new Error('submitJob() plans its jobs');
    const client = JobClient.connect({
      channels: channelsOf('client'),
      ids: seededIds(harness.random),
      clock: harness.clock,
    });
    return harness.within(client.submit({ ...submission, graph, options: { ...options, checkpointing } }));
  }

  const running = () =>
    taskManagers.flatMap(({ workers }) => workers.attempts().filter(({ state }) => state === 'RUNNING'));

  async function deployments(): Promise<number> {
    const { events } = await harness.ledger();
    return events.filter(({ type }) => type === 'TaskDeployed').length;
  }

  it('keep their tasks and deliver every line while the leader is killed and replaced', async () => {
    harness = await new Harness({ seed }).open();
    const leader = await harness.startLeader('jm-1');
    await harness.start('jm-2');
    const first = await startTaskManager('tm-1');
    await startTaskManager('tm-2');
    const handle = await submit(2);
    const seen: string[] = [];
    handle.onResults((lines) => void seen.push(...lines));
    await harness.until(() => running().length === 4);
    const before = running();
    const [sink] = first.workers.attempts().filter(({ vertex }) => vertex === 1);
    if (sink === undefined) throw new Error('no sink on tm-1');
    await harness.within(first.workers.print(sink, ['before']));

    harness.kill(leader);
    await harness.within(first.workers.print(sink, ['without a leader']));
    await harness.until(() => harness.leaders().length === 1);
    await harness.clock.advance(10_000);
    expect(running()).toEqual(before);
    expect(await deployments()).toBe(4);
    expect(taskManagers.map(({ executor }) => executor.epoch)).toEqual([2, 2]);

    await harness.within(first.workers.print(sink, ['after']));
    for (const { workers } of taskManagers) for (const attempt of workers.attempts()) workers.finish(attempt);
    const status = await harness.within(handle.awaitTermination());
    expect(status).toMatchObject({ state: 'FINISHED', reason: null });
    expect(seen).toEqual(['before', 'without a leader', 'after']);
    await harness.until(() => taskManagers.every(({ workers }) => workers.released.length > 0));
  });

  it('go on with their checkpoints at their pace while one leader after the other dies, none of them aborted', async () => {
    harness = await new Harness({ seed, errands: { checkpoints: new MemoryStorage() } }).open();
    await harness.startLeader('jm-0');
    await harness.start('jm-1');
    // Every other checkpoint stays under way for a while, so that leaders die with one begun.
    const slow: (() => void)[] = [];
    const dataPlane = new FakeDataPlane();
    const onCheckpoint: FakeWorkersOptions['onCheckpoint'] = (attempt, checkpointId, workers) => {
      if (checkpointId % 2 === 0) return 'ack';
      slow.push(() => workers.ack([attempt], checkpointId));
      return 'silence';
    };
    await startTaskManager('tm-1', { dataPlane, onCheckpoint });
    await startTaskManager('tm-2', { dataPlane, onCheckpoint });
    const config = {
      intervalMs: INTERVAL_MS,
      minPauseMs: 0,
      timeoutMs: 600_000,
      maxConcurrent: 1,
      toleratedFailures: 0,
    };
    await submit(2, { ...config, retained: null, retention: null, unaligned: null, alignedTimeoutMs: null });
    await harness.until(() => running().length === 4);
    const before = running();
    for (let kill = 1; kill <= KILLS; kill++) {
      await harness.clock.advance(Math.floor(harness.random() * INTERVAL_MS));
      const leader = harness.leaders()[0]!;
      harness.kill(harness.members.find(({ id }) => id === leader)!);
      await harness.clock.advance(Math.floor(harness.random() * 400));
      for (const ack of slow.splice(0)) ack();
      await harness.until(() => harness.leaders().some((other) => other !== leader));
      await harness.start(`jm-${kill + 1}`);
      await harness.clock.advance(INTERVAL_MS);
      for (const ack of slow.splice(0)) ack();
    }
    await harness.clock.advance(INTERVAL_MS);
    for (const ack of slow.splice(0)) ack();
    await harness.clock.advance(INTERVAL_MS);

    expect(running()).toEqual(before);
    expect(await deployments()).toBe(4);
    const commits = commitsOf(await harness.read('events'));
    const events = commits.flatMap(({ events }) => events);
    expect(events.filter(({ type }) => type === 'CheckpointAborted')).toEqual([]);
    const ledAt = new Map<number, number>();
    const triggered: { readonly atMs: number; readonly epoch: number; endedAtMs: number }[] = [];
    for (const { epoch, at, events } of commits) {
      if (!ledAt.has(epoch)) ledAt.set(epoch, at);
      for (const event of events) {
        if (event.type === 'CheckpointTriggered')
          triggered.push({ atMs: at, epoch, endedAtMs: Number.POSITIVE_INFINITY });
        if (event.type === 'CheckpointCompleted') triggered.at(-1)!.endedAtMs = at;
      }
    }
    expect(ledAt.size).toBeGreaterThan(KILLS);
    expect(triggered.length).toBeGreaterThan(KILLS);
    expect(triggered.slice(0, -1).every(({ endedAtMs }) => endedAtMs < Number.POSITIVE_INFINITY)).toBe(true);
    for (const [index, next] of triggered.entries()) {
      const last = triggered[index - 1];
      if (last === undefined) continue;
      // Due on the job's grid. Later only where the one before was not complete by then, or nobody led.
      const { atMs: first } = triggered[0]!;
      const gridMs = first + Math.ceil((last.atMs + INTERVAL_MS / 2 - first) / INTERVAL_MS) * INTERVAL_MS;
      const dueMs = Math.max(gridMs, last.endedAtMs, next.epoch > last.epoch ? ledAt.get(next.epoch)! : 0);
      expect(next.atMs - gridMs, `checkpoint ${index + 1}`).toBeGreaterThanOrEqual(-MAX_DELAY_MS);
      expect(next.atMs - dueMs, `checkpoint ${index + 1}, of epoch ${next.epoch}`).toBeLessThan(MAX_DELAY_MS);
    }
  });

  it('bring their reports through a broker that was away, and no task starts twice', async () => {
    harness = await new Harness({ seed }).open();
    await harness.startLeader('jm-1');
    await startTaskManager('tm-1');
    const handle = await submit(1);
    await harness.until(() => running().length === 2);
    await harness.clock.advance(1_000);
    harness.broker.goAway();
    await harness.clock.advance(2_000);
    for (const { workers } of taskManagers) for (const attempt of workers.attempts()) workers.finish(attempt);
    await harness.clock.advance(20_000);
    harness.broker.comeBack();
    expect(await harness.within(handle.awaitTermination())).toMatchObject({ state: 'FINISHED' });
    expect(await deployments()).toBe(2);
  });

  it('frozen past the time-out stop what was given to another, and take new work', async () => {
    harness = await new Harness({ seed }).open();
    await harness.startLeader('jm-1');
    const frozen = await startTaskManager('tm-1');
    const handle = await submit(1);
    await harness.until(() => running().length === 2);
    frozen.process.pause();
    const spare = await startTaskManager('tm-2');
    await harness.until(() => spare.workers.attempts().length === 2);
    frozen.process.resume();
    await harness.until(() => frozen.workers.attempts().length === 0);
    await harness.until(() => frozen.executor.isRegistered);
    for (const attempt of spare.workers.attempts()) spare.workers.finish(attempt);
    expect(await harness.within(handle.awaitTermination())).toMatchObject({ state: 'FINISHED' });
    const { state } = await harness.ledger();
    expect([...state.taskManagers.keys()].sort()).toEqual(['tm-1', 'tm-2']);
  });

  it('that leave in order give their work to those that come', async () => {
    harness = await new Harness({ seed }).open();
    await harness.startLeader('jm-1');
    const leaving = await startTaskManager('tm-1');
    const handle = await submit(1);
    await harness.until(() => running().length === 2);
    await harness.within(leaving.executor.stop('upgrade'));
    const spare = await startTaskManager('tm-2');
    await harness.until(() => spare.workers.attempts().length === 2);
    await harness.within(handle.cancel());
    expect(await harness.within(handle.awaitTermination())).toMatchObject({ state: 'CANCELED' });
    expect(running()).toEqual([]);
  });
});
