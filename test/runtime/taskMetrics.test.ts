// What tasks do with their time, measured on real threads: each second of each task is busy, idle or back-pressured, as in Flink.
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskMetrics } from '../../src/core/schema.gen.ts';
import { TaskMeter } from '../../src/runtime/taskMetrics.ts';
import { TestCluster, testJob } from './testCluster.ts';

const JOB = '0'.repeat(32);

describe('a task’s time', () => {
  it('is idle, back-pressured, or else busy', () => {
    const meter = new TaskMeter(0);
    const task = {
      ...{ jobId: JOB, vertex: 0, subtask: 0, attempt: 0, gate: null, writers: [{}], pressure: { blocked: 0 } },
      report: () => ({ recordsIn: 500, recordsOut: meter.recordsOut }),
    };
    const host = task as unknown as Parameters<TaskMeter['take']>[0];
    meter.rests(host, 100);
    meter.woken(400);
    meter.countOut(50, 1_000);
    task.pressure.blocked = 1;
    meter.rests(host, 600);
    expect(meter.take(host, 999)).toBeNull();
    // The rest that goes on counts up to now.
    expect(meter.take(host, 1_000)).toMatchObject({
      idleTimeMsPerSecond: 300,
      backPressuredTimeMsPerSecond: 400,
      busyTimeMsPerSecond: 300,
      recordsInPerSecond: 500,
      recordsOutPerSecond: 50,
      bytesOutPerSecond: 1_000,
      currentInputWatermark: null,
    });
    expect(meter.take(host, 3_000)).toMatchObject({
      idleTimeMsPerSecond: 0,
      backPressuredTimeMsPerSecond: 1_000,
      accumulatedBackPressuredTimeMs: 2_400,
      accumulatedIdleTimeMs: 300,
      accumulatedBusyTimeMs: 300,
      recordsOutPerSecond: 0,
    });
    // Nothing is new, until it is time to say so.
    expect(meter.take(host, 4_100)).toBeNull();
    expect(meter.take(host, 8_500)).toMatchObject({ accumulatedBackPressuredTimeMs: 7_900 });
    // A sink that waits for its system keeps nobody waiting behind it but those before it.
    task.writers.length = 0;
    meter.rests(host, 8_500);
    expect(meter.take(host, 9_500)).toMatchObject({ busyTimeMsPerSecond: 1_000, backPressuredTimeMsPerSecond: 0 });
  });
});

describe('tasks on threads', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.close());

  /** The first that fits of what is measured. */
  async function measured(vertex: number, fits: (metrics: TaskMetrics) => boolean): Promise<void> {
    const look = () => cluster.workers[0]!.metrics(JOB, { vertex, subtask: 0, attempt: 0 });
    await cluster.until(`metrics of vertex ${vertex}`, () => {
      const metrics = look();
      return metrics !== null && fits(metrics);
    });
  }

  it('are back-pressured behind a sink that takes nothing, which is busy', async () => {
    cluster = await TestCluster.start(1, 2, { threads: 2 });
    cluster.takeResults = () => new Promise(() => {});
    const job = await testJob('misbehave.ts', 1, ['none']);
    cluster.deploy(job, { place: (vertex) => ({ taskManager: 0, slot: vertex }) });
    await measured(
      0,
      ({ backPressuredTimeMsPerSecond, bytesOut }) => backPressuredTimeMsPerSecond > 900 && bytesOut > 0,
    );
    await measured(
      1,
      ({ busyTimeMsPerSecond, bytesIn, inPoolUsage }) => busyTimeMsPerSecond > 900 && bytesIn > 0 && inPoolUsage > 0.4,
    );
  });

  it('are idle where nothing comes, and tell the event time that they are at', async () => {
    cluster = await TestCluster.start(1, 2, { threads: 2 });
    const job = await testJob('metered.ts', 1);
    cluster.deploy(job, { place: (vertex) => ({ taskManager: 0, slot: vertex }) });
    await measured(
      1,
      ({ idleTimeMsPerSecond, recordsInPerSecond, currentInputWatermark }) =>
        idleTimeMsPerSecond > 900 && Math.abs(recordsInPerSecond - 20) < 10 && (currentInputWatermark ?? 0) > 1_000,
    );
  });
});
