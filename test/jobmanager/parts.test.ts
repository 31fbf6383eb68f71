// A JobManager whose parts fail: what can be made anew is, and the process goes on; what cannot ends it in order, and nothing is left of it.
import http from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import { seededIds, seededRandom } from '../../src/adapters/simulated/random.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import { JobManager } from '../../src/jobmanager/jobManager.ts';
import type { JobManagerOptions } from '../../src/jobmanager/options.ts';
import type { Signals } from '../../src/ports/signals.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { fixedDelay, POLICY } from '../core/cluster.ts';
import { FakeWorkers } from '../taskmanager/fakeWorkers.ts';
import { counting, Fault } from '../taskmanager/faults.ts';
import { LogBook } from '../taskmanager/stage.ts';
import { Harness, submitJob } from './harness.ts';

function brittle(signals: Signals, publish: Fault): Signals {
  return {
    publish(subject, signal) {
      if (subject === 'jobmanagers') publish.pass();
      return signals.publish(subject, signal);
    },
    subscribe: (subject, onSignal) => signals.subscribe(subject, onSignal),
    [Symbol.asyncDispose]: () => signals[Symbol.asyncDispose](),
  };
}

describe('the parts of a JobManager', () => {
  let harness: Harness;
  const publish = new Fault();
  const trim = new Fault();
  const wall = new Fault();
  let failures: (Error & { code?: string })[] = [];
  let log = new LogBook();
  let clock: ReturnType<typeof counting>;

  function make(id: string, more: Partial<JobManagerOptions>): JobManager {
    const process = new SimulatedProcess(harness.clock);
    clock = counting(process.clock);
    const inner = openChannels(harness.broker.connect(process), { topics: loadTopicSpecs(), source: id });
    const channels: Channels = {
      ...inner,
      trim(topic, partition, offset) {
        trim.pass();
        return inner.trim(topic, partition, offset);
      },
    };
    const now = clock.now;
    clock.now = () => {
      wall.pass();
      return now();
    };
    return new JobManager({
      id,
      pid: 1,
      channels,
      signals: brittle(harness.signals.connect(process), publish),
      clock,
      ids: seededIds(seededRandom(7)),
      policy: { ...POLICY, restart: fixedDelay(3, 200) },
      rest: null,
      logger: log,
      onFailure: (error) => failures.push(error),
      ...more,
    });
  }

  async function start(id: string, more: Partial<JobManagerOptions> = {}): Promise<JobManager> {
    const jobManager = make(id, more);
    await harness.within(jobManager.start());
    return jobManager;
  }

  async function restartsOf(jobManager: JobManager, path: string): Promise<number> {
    const { actors } = await jobManager.describeJobManager(jobManager.id);
    return actors.find((actor) => actor.path === path)?.restarts ?? -1;
  }

  async function open(): Promise<void> {
    harness = await new Harness().open();
    failures = [];
    log = new LogBook();
  }

  afterEach(() => {
    for (const fault of [publish, trim, wall]) {
      fault.times = 0;
      fault.thrown = 0;
    }
  });

  it('heartbeats that fail are restarted, and nobody else notices', async () => {
    await open();
    const jobManager = await start('jm-1');
    await harness.until(() => jobManager.role === 'leader');
    publish.times = 1;
    await harness.until(() => publish.thrown === 1);
    await harness.clock.advance(5_000);
    expect(await restartsOf(jobManager, 'jobmanager/heartbeats')).toBe(1);
    expect([jobManager.role, jobManager.state.epoch, failures]).toEqual(['leader', 1, []]);
    // It hears again, too: a standby's heartbeats show.
    const other = await start('jm-2');
    await harness.until(() => jobManager.jobManagers().some(({ id }) => id === 'jm-2'));
    await harness.within(other.stop());
    await harness.within(jobManager.stop());
  });

  it('the snapshot taker that fails is restarted, and takes the next', async () => {
    await open();
    const snapshots = { ...POLICY.snapshots, intervalEvents: 20, intervalMs: 1_000 };
    const jobManager = await start('jm-1', { policy: { ...POLICY, snapshots } });
    await harness.until(() => jobManager.role === 'leader');
    trim.times = 1;
    for (let number = 1; number <= 30; number++) await harness.submit(submitJob(number));
    await harness.until(() => trim.thrown === 1);
    await harness.until(() => jobManager.state.snapshots.length > 0);
    const before = jobManager.state.snapshots.at(-1)?.id;
    for (let number = 31; number <= 60; number++) await harness.submit(submitJob(number));
    await harness.until(() => jobManager.state.snapshots.at(-1)?.id !== before, 200_000);
    expect(await restartsOf(jobManager, 'jobmanager/snapshots')).toBe(1);
    expect([jobManager.role, failures]).toEqual(['leader', []]);
    await harness.within(jobManager.stop());
  });

  it('a term that fails is over, and the next begins under a Claim of its own', async () => {
    await open();
    const jobManager = await start('jm-1');
    await harness.until(() => jobManager.role === 'leader' && jobManager.state.leader?.restAddress !== null);
    await harness.submit(submitJob(1));
    await harness.until(() => jobManager.state.jobs.size === 1);
    // The next reading of the clock by whoever decides.
    wall.times = 1;
    await harness.submit(submitJob(2));
    await harness.until(() => wall.thrown === 1);
    await harness.until(() => jobManager.state.jobs.size === 2);
    expect(jobManager.state.epoch).toBe(2);
    expect(failures).toEqual([]);
    await harness.within(jobManager.stop());
  });

  it('a part that fails again and again ends the process in order: leadership is released, and nothing is left', async () => {
    await open();
    const jobManager = await start('jm-1');
    await harness.until(() => jobManager.role === 'leader');
    publish.times = Number.POSITIVE_INFINITY;
    await harness.until(() => failures.length > 0, 60_000);
    expect(failures).toMatchObject([
      { code: 'PART_FAILED', message: expect.stringContaining('jobmanager/heartbeats') },
    ]);
    expect(jobManager.role).toBe('standby');
    const { events, state } = await harness.ledger();
    expect(events.at(-1)?.type).toBe('LeadershipReleased');
    expect(state.leader).toBeNull();
    expect(clock.armed.size).toBe(0);
    const { thrown } = publish;
    await harness.clock.advance(120_000);
    expect([publish.thrown, failures.length]).toEqual([thrown, 1]);
    expect(
      log.lines.filter(({ level, message }) => level === 'error' && /PART_FAILED|could not be restarted/.test(message)),
    ).toHaveLength(1);
  });

  it('REST whose server fails is opened anew, where everybody knows it to be', async () => {
    await open();
    const created = vi.spyOn(http, 'createServer');
    const jobManager = make('jm-1', { rest: { host: '127.0.0.1', port: 0 } });
    const started = jobManager.start();
    // Sockets take real time, of which the clock knows nothing.
    await vi.waitUntil(() => jobManager.restAddress !== '', 60_000);
    await harness.within(started);
    const address = jobManager.restAddress;
    expect((await fetch(`${address}/overview`)).status).toBe(200);
    const [first] = created.mock.results;
    first?.value.emit('error', new Error('planted fault'));
    await vi.waitUntil(() => first?.value.listening === false, 60_000);
    await harness.clock.advance(1_000);
    await vi.waitUntil(() => created.mock.results.some(({ value }) => value.listening), 60_000);
    expect(jobManager.restAddress).toBe(address);
    expect((await fetch(`${address}/overview`)).status).toBe(200);
    expect(await restartsOf(jobManager, 'jobmanager/rest')).toBe(1);
    expect(failures).toEqual([]);
    const stopping = jobManager.stop();
    await harness.clock.advance(3_000);
    await stopping;
    await expect(fetch(`${address}/overview`)).rejects.toThrow();
    created.mockRestore();
  });

  it('a rejection that nobody handles is its part’s failure', async () => {
    await open();
    const jobManager = await start('jm-1');
    await harness.until(() => jobManager.role === 'leader');
    // The heartbeat is refused, and what handles that fails in turn.
    let rejections = 0;
    const refusing = harness.signals.connect();
    refusing.publish = () => (rejections-- > 0 ? Promise.reject(new Error('refused')) : Promise.resolve());
    const brittleLog = new LogBook();
    let thrown = 0;
    brittleLog.debug = (_details, message) => {
      if (!/heartbeat/.test(message)) return;
      thrown++;
      throw new Error('planted fault');
    };
    const other = await start('jm-2', { signals: refusing, logger: brittleLog });
    rejections = 1;
    await harness.until(() => thrown === 1);
    await harness.clock.advance(1_000);
    expect(await restartsOf(other, 'jobmanager/heartbeats')).toBe(1);
    expect(failures).toEqual([]);
    await harness.within(other.stop());
    await harness.within(jobManager.stop());
  });

  it('answer other processes: a standby asks the leader, and a TaskManager', async () => {
    await open();
    const leader = await start('jm-1');
    await harness.until(() => leader.role === 'leader');
    const standby = await start('jm-2');
    const process = new SimulatedProcess(harness.clock);
    const executor = new TaskExecutor({
      id: 'tm-1',
      channels: openChannels(harness.broker.connect(process), { topics: loadTopicSpecs(), source: 'tm-1' }),
      signals: harness.signals.connect(process),
      clock: process.clock,
      workers: new FakeWorkers(),
      slots: 2,
      managedMemoryBytes: 1024,
      logger: log,
      pid: 1,
      gauges: () => ({ cpuLoad: 0.5, usedHeapBytes: 77 }),
      onFailure: (error) => failures.push(error),
    });
    await harness.within(executor.start());
    await harness.submit(submitJob(1, 2));
    await harness.until(() => [...standby.state.jobs.values()].some(({ status }) => status.kind === 'RUNNING'));

    const described = await harness.within(standby.describeJobManager('jm-1'));
    expect(described).toMatchObject({ jobManagerId: 'jm-1', role: 'leader', epoch: 1 });
    expect(described.actors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['jobmanager/leader/term-1/effect-runner', 'jobmanager/replica', 'jobmanager/remote']),
    );
    const taskManager = await harness.within(standby.describeTaskManager('tm-1', 3));
    expect(taskManager).toMatchObject({ registered: true, epoch: 1, usedHeapBytes: 77, attemptCount: 4 });
    expect(taskManager.attempts).toHaveLength(3);
    process.kill();
    await expect(harness.within(standby.describeTaskManager('tm-1', 3))).rejects.toMatchObject({ code: 'ASK_TIMEOUT' });
    await harness.within(standby.stop());
    await harness.within(leader.stop());
  });
});
