// A TaskManager whose parts fail: what can be made anew is, and its tasks run on; what cannot ends it in order, and nothing is left of it.
import { describe, expect, it } from 'vitest';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { FakeWorkers } from './fakeWorkers.ts';
import { counting, Fault } from './faults.ts';
import { deployment, LogBook, Stage, task } from './stage.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

class BrittleWorkers extends FakeWorkers {
  readonly cancelling = new Fault();

  override cancel(message: Parameters<FakeWorkers['cancel']>[0]): void {
    this.cancelling.pass();
    super.cancel(message);
  }
}

interface Started {
  readonly stage: Stage;
  readonly executor: TaskExecutor;
  readonly workers: BrittleWorkers;
  readonly journal: Journal;
  readonly clock: ReturnType<typeof counting>;
  readonly gauging: Fault;
  readonly log: LogBook;
  readonly failures: Error[];
}

async function start(): Promise<Started> {
  const stage = await Stage.open(seed);
  const process = new SimulatedProcess(stage.clock);
  const clock = counting(process.clock);
  const journal = stage.broker.connect(process);
  const workers = new BrittleWorkers();
  const gauging = new Fault();
  const log = new LogBook();
  const failures: Error[] = [];
  const executor = new TaskExecutor({
    id: 'tm-1',
    channels: stage.channels('tm-1', journal),
    signals: stage.hub.connect(process),
    clock,
    workers,
    slots: 2,
    managedMemoryBytes: 1024,
    logger: log,
    pid: 42,
    gauges: () => {
      gauging.pass();
      return { cpuLoad: 0.5, usedHeapBytes: 1_000 };
    },
    onFailure: (error) => failures.push(error),
  });
  await stage.settled(executor.start());
  await stage.until(() => executor.isRegistered);
  await stage.assign(deployment('tm-1', 2));
  await stage.until(() => stage.reports().filter(({ state }) => state === 'RUNNING').length === 2);
  return { stage, executor, workers, journal, clock, gauging, log, failures };
}

describe(`the parts of a TaskManager, seed ${seed}`, () => {
  it('heartbeats that fail are restarted, and its tasks notice nothing', async () => {
    const { stage, executor, workers, gauging, failures } = await start();
    let heartbeats = 0;
    await stage.hub.connect().subscribe('taskmanagers', () => heartbeats++);
    gauging.times = 1;
    await stage.until(() => gauging.thrown === 1);
    heartbeats = 0;
    await stage.until(() => heartbeats > 2);
    expect([workers.stateOf(task(0)), executor.isRegistered, failures]).toEqual(['RUNNING', true, []]);
    expect(stage.registrations()).toHaveLength(1);
    await stage.settled(executor.stop('test'));
  });

  it('a message that the reader of assignments fails on may be lost: it reads on, and registers anew', async () => {
    const { stage, executor, workers, failures } = await start();
    workers.cancelling.times = 1;
    await stage.assign({ type: 'CancelTasks', epoch: 1, taskManagerId: 'tm-1', jobId: 'f'.repeat(32), tasks: [] });
    await stage.until(() => workers.cancelling.thrown === 1);
    await stage.until(() => stage.registrations().length === 2 && executor.isRegistered);
    // What the ledger has given up by then does not run on.
    expect(stage.registrations()[1]?.attempts).toEqual([]);
    await stage.assign(deployment('tm-1', 1, { jobId: 'e'.repeat(32) }));
    await stage.until(() => workers.stateOf({ ...task(0), jobId: 'e'.repeat(32) }) === 'RUNNING');
    expect(failures).toEqual([]);
    await stage.settled(executor.stop('test'));
  });

  it('a part that fails again and again ends the process in order: tasks stop, it says so, and nothing is left', async () => {
    const { stage, workers, clock, gauging, log, failures } = await start();
    gauging.times = Number.POSITIVE_INFINITY;
    await stage.until(() => failures.length > 0);
    expect(failures).toMatchObject([
      { code: 'PART_FAILED', message: expect.stringContaining('taskmanager/heartbeats') },
    ]);
    await stage.until(() => stage.status.at(-1)?.type === 'TaskManagerStopping');
    expect([workers.disposed, workers.attempts()]).toEqual([true, []]);
    expect(clock.armed.size).toBe(0);
    const { thrown } = gauging;
    await stage.clock.advance(120_000);
    expect([gauging.thrown, failures.length]).toEqual([thrown, 1]);
    expect(log.lines.filter(({ details }) => 'code' in details && details.code === 'PART_FAILED')).toHaveLength(1);
  });

  it('what it can tell nobody any more ends it: no task runs on whose end nobody would learn', async () => {
    const { stage, workers, journal, clock, failures } = await start();
    await stage.settled(journal[Symbol.asyncDispose]());
    workers.finish(task(0));
    const fromMs = stage.clock.monotonic();
    await stage.until(() => failures.length > 0);
    // Its tasks stop when they are told, and nothing is waited for that cannot come.
    expect(stage.clock.monotonic() - fromMs).toBeLessThan(1_000);
    expect(failures).toMatchObject([{ code: 'STATUS_UNSENDABLE' }]);
    expect([workers.disposed, workers.attempts()]).toEqual([true, []]);
    expect(clock.armed.size).toBe(0);
  });
});
