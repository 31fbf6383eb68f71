// REST in Flink's paths and fields, by inject: over the state that core folds, without a socket.

import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/http/app.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { Cluster, command, measured } from './servedCluster.ts';

const { jobId } = command;

let app: FastifyInstance | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

function serve(cluster: Cluster) {
  const server = buildApp(cluster, silentLogger);
  app = server;
  return {
    get: async (url: string) => {
      const response = await server.inject({ method: 'GET', url });
      return { status: response.statusCode, body: response.json() };
    },
    server,
  };
}

describe('REST', () => {
  it('shows the cluster, with and without /v1', async () => {
    const { get } = serve(new Cluster());
    const { body } = await get('/overview');
    expect(body).toMatchObject({
      taskmanagers: 1,
      'slots-total': 3,
      'slots-available': 1,
      'jobs-running': 1,
      'jobs-finished': 0,
      'jobs-cancelled': 0,
      'jobs-failed': 0,
    });
    expect(body['flink-version']).toMatch(/^sluice \d/);
    expect((await get('/v1/overview')).body).toEqual(body);
    expect((await get('/config')).body.features).toEqual({
      'web-submit': false,
      'web-cancel': true,
      'web-rescale': false,
      'web-history': false,
    });
  });

  it('lists jobs as the CLI needs them', async () => {
    const cluster = new Cluster();
    cluster.report('RUNNING');
    const { get } = serve(cluster);
    expect((await get('/jobs')).body).toEqual({ jobs: [{ id: jobId, status: 'RUNNING' }] });
    const [job] = (await get('/v1/jobs/overview')).body.jobs;
    expect(job).toMatchObject({
      jid: jobId,
      name: 'job 1',
      state: 'RUNNING',
      'start-time': 20_000,
      'end-time': -1,
      duration: 30_000,
      'last-modification': 20_000,
      'pending-operators': 0,
    });
    expect(job.tasks).toEqual({
      total: 4,
      created: 0,
      scheduled: 0,
      deploying: 0,
      initializing: 0,
      running: 4,
      finished: 0,
      canceling: 0,
      canceled: 0,
      failed: 0,
      reconciling: 0,
    });
  });

  it('shows one job with its vertices, counters and plan', async () => {
    const cluster = new Cluster();
    cluster.report('RUNNING');
    const { body } = await serve(cluster).get(`/jobs/${jobId}`);
    const [source, sink] = command.graph?.vertices ?? [];
    expect(body.vertices).toHaveLength(2);
    expect(body.vertices[1]).toMatchObject({
      id: sink?.id,
      name: 'Sink',
      parallelism: 2,
      maxParallelism: 128,
      status: 'RUNNING',
      'start-time': 20_000,
      'end-time': -1,
      duration: 30_000,
      tasks: { RUNNING: 2, CREATED: 0, SCHEDULED: 0, INITIALIZING: 0, FINISHED: 0 },
      metrics: { 'read-records': 20, 'write-records': 40 },
    });
    expect(body['status-counts']).toMatchObject({ RUNNING: 2, FINISHED: 0 });
    expect(body.plan).toMatchObject({ jid: jobId, name: 'job 1', type: 'STREAMING' });
    expect(body.plan.nodes[1].inputs).toEqual([
      { num: 0, id: source?.id, ship_strategy: 'HASH', exchange: 'pipelined_bounded' },
    ]);
    expect(body.timestamps).toMatchObject({ CREATED: 20_000, RUNNING: 20_000, FAILED: 0, INITIALIZING: 20_000 });
  });

  it('shows a vertex with its subtasks, where they run, for how long, and what they have read', async () => {
    const cluster = new Cluster();
    const { get } = serve(cluster);
    const [source] = command.graph?.vertices ?? [];
    const path = `/jobs/${jobId}/vertices/${source?.id}`;
    const deployed = (await get(path)).body;
    expect(deployed).toMatchObject({
      id: source?.id,
      name: 'Source',
      parallelism: 2,
      maxParallelism: 128,
      now: 50_000,
    });
    expect(deployed.subtasks).toMatchObject([
      { subtask: 0, status: 'DEPLOYING', attempt: 0, 'end-time': -1 },
      { subtask: 1, status: 'DEPLOYING', attempt: 0, 'end-time': -1 },
    ]);
    expect(deployed.subtasks[0].metrics['read-records-complete']).toBe(false);

    cluster.report('RUNNING');
    cluster.metrics = [measured({ subtask: 1, recordsIn: 30, accumulatedBusyTimeMs: 400 })];
    const running = (await get(`/v1${path}`)).body;
    expect(running.subtasks[1]).toMatchObject({
      status: 'RUNNING',
      'taskmanager-id': 'tm-1',
      endpoint: '127.0.0.1:6121',
      'start-time': 20_000,
      duration: 30_000,
      metrics: { 'read-records': 30, 'read-records-complete': true, 'accumulated-busy-time': 400 },
      'status-duration': { DEPLOYING: 0, RUNNING: 30_000, SCHEDULED: -1, INITIALIZING: -1 },
    });
    expect(running.aggregated.metrics['read-records']).toMatchObject({ min: 0, max: 30, avg: 15, sum: 30, median: 0 });
    expect(running.aggregated['status-duration'].RUNNING).toMatchObject({ min: 30_000, max: 30_000 });

    cluster.report('FAILED', 'Error: no');
    const [failed] = (await get(path)).body.subtasks;
    expect(failed).toMatchObject({ status: 'FAILED', 'end-time': 20_000, duration: 0 });
    expect((await get(`/jobs/${jobId}/vertices/${'0'.repeat(32)}`)).status).toBe(404);
  });

  it('tells how busy and how held up the worst subtask of a vertex is', async () => {
    const cluster = new Cluster();
    cluster.report('RUNNING');
    const { get } = serve(cluster);
    expect((await get(`/jobs/${jobId}`)).body.vertices[0].rates).toBeNull();
    cluster.metrics = [
      measured({ subtask: 0, busyTimeMsPerSecond: 900, recordsOutPerSecond: 5 }),
      measured({ subtask: 1, backPressuredTimeMsPerSecond: 400, recordsOutPerSecond: 7 }),
    ];
    const [vertex] = (await get(`/jobs/${jobId}`)).body.vertices;
    expect(vertex.rates).toMatchObject({ busy: 0.9, backpressured: 0.4, 'records-out-per-second': 12 });
  });

  it('shows how a job is run', async () => {
    const { body } = await serve(new Cluster()).get(`/jobs/${jobId}/config`);
    expect(body).toMatchObject({
      jid: jobId,
      name: 'job 1',
      'execution-config': {
        'restart-strategy': 'Cluster level default restart strategy',
        'user-config': { priority: '0' },
      },
    });
    expect(Object.keys(body['execution-config']['user-config'])).not.toContain('parent');
  });

  it('shows why a job failed', async () => {
    const cluster = new Cluster();
    cluster.report('FAILED', 'TypeError: x is not a function\n    at map (job.mjs:3)');
    const { body } = await serve(cluster).get(`/jobs/${jobId}/exceptions`);
    expect(body['root-exception']).toContain('TypeError: x is not a function');
    expect(body.exceptionHistory.entries[0]).toMatchObject({
      exceptionName: 'TypeError',
      taskManagerId: 'tm-1',
      timestamp: 20_000,
      taskName: expect.stringMatching(/^(Source|Sink) \([12]\/2\) - execution #0$/),
    });
  });

  it('shows TaskManagers', async () => {
    const { get } = serve(new Cluster());
    const { body } = await get('/taskmanagers');
    expect(body.taskmanagers[0]).toMatchObject({
      id: 'tm-1',
      path: '127.0.0.1:6121',
      dataPort: 6121,
      slotsNumber: 3,
      freeSlots: 1,
      assignedTasks: 4,
      timeSinceLastHeartbeat: 49_000,
    });
    const detail = (await get('/v1/taskmanagers/tm-1')).body;
    expect(detail.metrics).toMatchObject({
      heapUsed: 1234 + 500 * 2 ** 20,
      heapMax: 6_144 * 2 ** 20,
      directUsed: 30 * 2 ** 20,
      nettyShuffleMemorySegmentsTotal: 6_144,
      nettyShuffleMemorySegmentsUsed: 33,
      nettyShuffleMemorySegmentsAvailable: 6_111,
    });
    expect(detail.memoryConfiguration).toMatchObject({ taskHeap: 6_144 * 2 ** 20, managedMemory: 3 * 2 ** 20 });
    // Equal shares of what there is.
    const share = { taskHeapMemory: 2_048, taskOffHeapMemory: 1_024, networkMemory: 64, managedMemory: 1 };
    expect(detail.allocatedSlots.map(({ resource }: { resource: object }) => resource)).toMatchObject([share, share]);
    expect(detail.freeResource).toMatchObject(share);
    expect(detail.allocatedSlots).toHaveLength(2);
    expect(detail.allocatedSlots[0]).toMatchObject({ index: 0, jobId, jobName: 'job 1', assignedTasks: 2 });
    expect(detail.allocatedSlots[0].tasks).toMatchObject([
      { name: 'Source', subtask: 0, parallelism: 2, attempt: 0, status: 'DEPLOYING' },
      { name: 'Sink', subtask: 0, parallelism: 2, attempt: 0, status: 'DEPLOYING' },
    ]);
    expect(detail).toMatchObject({ status: 'registered', pid: 4711, cpuLoad: 0.1, heapUsed: 1234 });
  });

  it('says who leads', async () => {
    const { body } = await serve(new Cluster()).get('/jobmanagers');
    expect(body).toMatchObject({
      now: 50_000,
      leaderId: 'jm-1',
      epoch: 1,
      jobManagers: [{ id: 'jm-1', pid: 1, rest: 'http://127.0.0.1:8081', role: 'leader' }],
      taskManagers: [{ id: 'tm-1', pid: 4711, slots: 3, slotsFree: 1 }],
    });
  });

  it('cancels by PATCH and by the dashboard’s GET, also what is cancelled already', async () => {
    const cluster = new Cluster();
    const { server } = serve(cluster);
    const patch = (id: string, query = '?mode=cancel') =>
      server.inject({
        method: 'PATCH',
        url: `/v1/jobs/${id}${query}`,
        headers: { 'content-type': 'application/json; charset=UTF-8' },
        payload: '{}',
      });
    const answer = await patch(jobId);
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({});
    expect((await server.inject({ method: 'GET', url: `/jobs/${jobId}/yarn-cancel` })).statusCode).toBe(202);
    expect(cluster.sent).toMatchObject([
      { type: 'CancelJob', jobId },
      { type: 'CancelJob', jobId },
    ]);

    cluster.decide({ type: 'CancelJob', commandId: 'x', jobId });
    cluster.report('CANCELED');
    expect(cluster.state.jobs.get(jobId)?.status.kind).toBe('CANCELED');
    expect((await patch(jobId)).statusCode).toBe(202);
    expect(cluster.sent).toHaveLength(2);
    expect((await patch(jobId, '?mode=stop')).statusCode).toBe(400);
  });

  it('refuses to cancel what has ended otherwise, and says when the journal is away', async () => {
    const cluster = new Cluster();
    const { server } = serve(cluster);
    cluster.journalIsAway = true;
    const away = await server.inject({ method: 'PATCH', url: `/jobs/${jobId}` });
    expect(away.statusCode).toBe(503);
    cluster.report('FINISHED');
    const ended = await server.inject({ method: 'PATCH', url: `/jobs/${jobId}` });
    expect(ended.statusCode).toBe(409);
    expect(ended.json().errors[0]).toContain('FINISHED');
  });

  it('answers unknown and malformed ids, paths and submissions with errors', async () => {
    const { get, server } = serve(new Cluster());
    for (const [url, status] of [
      [`/jobs/${'0'.repeat(32)}`, 404],
      ['/jobs/nonsense', 400],
      [`/jobs/${'0'.repeat(32)}/exceptions`, 404],
      ['/taskmanagers/tm-9', 404],
      ['/no/such/path', 404],
      ['/v1/no/such/path', 404],
    ] as const) {
      const { status: actual, body } = await get(url);
      expect(actual, url).toBe(status);
      expect(body, url).toEqual({ errors: [expect.any(String)] });
    }
    const submitted = await server.inject({
      method: 'POST',
      url: '/v1/jobs',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      payload: '--x\r\n\r\nbytes\r\n--x--',
    });
    expect(submitted.statusCode).toBe(400);
    expect(submitted.json().errors[0]).toContain('sluice run');
  });

  it('ignores the body that Flink’s CLI sends with a GET', async () => {
    const { server } = serve(new Cluster());
    const response = await server.inject({
      method: 'GET',
      url: '/v1/jobs/overview',
      headers: { 'content-type': 'application/json' },
      payload: '{}',
    });
    expect(response.statusCode).toBe(200);
  });
});
