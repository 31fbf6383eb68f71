// What REST shows of what TaskManagers measured, in Flink's paths and fields.
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskMetrics } from '../../src/core/schema.gen.ts';
import { buildApp } from '../../src/http/app.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { Cluster, command, measured } from './servedCluster.ts';

function held(subtask: number, backPressured: number, more: Partial<TaskMetrics> = {}): TaskMetrics {
  const times = { idleTimeMsPerSecond: 700 - backPressured, backPressuredTimeMsPerSecond: backPressured };
  return measured({ subtask, ...times, ...more });
}

describe('metrics of a vertex', () => {
  let cluster: Cluster;
  let app: FastifyInstance;
  let path: string;

  beforeEach(() => {
    cluster = new Cluster();
    cluster.report('RUNNING');
    cluster.metrics = [
      held(1, 600, { currentInputWatermark: 77 }),
      held(0, 100),
      // An attempt that is over, and another vertex.
      held(0, 1_000, { attempt: 7 }),
      held(0, 1_000, { vertex: 1 }),
    ];
    app = buildApp(cluster, silentLogger);
    const { jobId } = command;
    path = `/jobs/${jobId}/vertices/${cluster.state.jobs.get(jobId)!.vertices[0]!.info.id}`;
  });
  afterEach(() => app.close());

  async function get(url: string) {
    const response = await app.inject({ method: 'GET', url });
    return response.json();
  }

  it('tells back-pressure by subtask, and the level of the worst', async () => {
    expect(await get(`${path}/backpressure`)).toMatchObject({
      status: 'ok',
      'backpressure-level': 'high',
      subtasks: [
        { subtask: 0, 'backpressure-level': 'ok', ratio: 0.1, idleRatio: 0.6, busyRatio: 0.3 },
        { subtask: 1, 'backpressure-level': 'high', ratio: 0.6, idleRatio: 0.1, busyRatio: 0.3 },
      ],
    });
    cluster.metrics = [];
    expect(await get(`${path}/backpressure`)).toMatchObject({ status: 'deprecated', subtasks: [] });
  });

  it('lists names without `get`, and gives values as text with it', async () => {
    expect(await get(`/v1${path}/metrics`)).toContainEqual({ id: '1.busyTimeMsPerSecond' });
    expect(await get(`${path}/metrics?get=0.numRecordsInPerSecond,1.buffers.inPoolUsage,9.numBytesIn`)).toEqual([
      { id: '0.numRecordsInPerSecond', value: '1.5' },
      { id: '1.buffers.inPoolUsage', value: '0.5' },
    ]);
    expect(await get(`${path}/subtasks/1/metrics?get=numBytesOut`)).toEqual([{ id: 'numBytesOut', value: '200' }]);
  });

  it('aggregates over subtasks', async () => {
    const url = `${path}/subtasks/metrics?get=backPressuredTimeMsPerSecond,toString`;
    expect(await get(url)).toEqual([
      { id: 'backPressuredTimeMsPerSecond', min: 100, max: 600, avg: 350, sum: 700, skew: (250 / 350) * 100 },
    ]);
    expect(await get(`${url}&agg=max,sum&subtasks=0-0`)).toEqual([
      { id: 'backPressuredTimeMsPerSecond', max: 100, sum: 100 },
    ]);
    expect(await get(`${path}/subtasks/metrics`)).toContainEqual({ id: 'currentInputWatermark' });
  });

  it('tells watermarks, Flink’s least where there is none', async () => {
    expect(await get(`${path}/watermarks`)).toEqual([
      { id: '0.currentInputWatermark', value: '-9223372036854775808' },
      { id: '1.currentInputWatermark', value: '77' },
    ]);
  });

  it('adds them up in the job’s details', async () => {
    const { vertices } = await get(`/jobs/${command.jobId}`);
    expect(vertices[0].metrics).toMatchObject({
      'read-bytes': 200,
      'write-bytes': 400,
      'write-bytes-complete': true,
      'accumulated-busy-time': 6_000,
      'accumulated-backpressured-time': 2_000,
    });
  });

  it('knows which vertices there are', async () => {
    expect(await get(`/jobs/${command.jobId}/vertices/nope/backpressure`)).toEqual({
      errors: [expect.stringMatching(/has no vertex nope/)],
    });
  });
});
