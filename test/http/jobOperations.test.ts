// Savepoints, stops and new parallelisms through REST, as Flink's client asks for them and polls; and checkpoints as its dashboard shows them.
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/http/app.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { Cluster, command } from './servedCluster.ts';

const { jobId } = command;
const ID = 'f'.repeat(32);

let cluster: Cluster;
let app: FastifyInstance;
beforeEach(() => {
  cluster = new Cluster();
  app = buildApp(cluster, silentLogger);
});
afterEach(() => app.close());

async function ask(method: 'GET' | 'POST' | 'PATCH', url: string, body?: object | string) {
  const response = await app.inject({
    method,
    url,
    ...(body !== undefined && {
      payload: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json; charset=UTF-8' },
    }),
  });
  return { status: response.statusCode, body: response.json() };
}

/** The commands sent so far reach the leader. */
function decideAll(): void {
  for (const sent of cluster.sent.splice(0)) cluster.decide(sent);
}

function ackAll(): void {
  const job = cluster.state.jobs.get(jobId)!;
  for (const [checkpointId, { waitingFor }] of job.checkpoints.pending) {
    const acks = [...waitingFor].map(({ vertex, index, attempt }) => ({
      vertex,
      subtask: index,
      attempt,
      handle: 'h',
      bytes: 100,
      shared: [],
      operators: [],
      metrics: null,
      inputEnded: false,
    }));
    cluster.decide({
      type: 'CheckpointReport',
      taskManagerId: 'tm-1',
      jobId,
      checkpointId,
      acks,
      declines: [],
      damaged: [],
    });
    cluster.decide({ type: 'ManifestWritten', jobId, checkpointId });
  }
}

describe('a savepoint', () => {
  it('is asked for and polled until it is complete', async () => {
    cluster.report('RUNNING');
    const asked = await ask('POST', `/v1/jobs/${jobId}/savepoints`, {
      'target-directory': '/mine/',
      'cancel-job': false,
      formatType: 'CANONICAL',
      triggerId: null,
    });
    expect(asked.status).toBe(202);
    const id = asked.body['request-id'];
    expect(cluster.sent).toEqual([{ type: 'TriggerSavepoint', commandId: id, jobId, targetPath: '/mine/' }]);
    // Polled within milliseconds, before anybody has decided it; with and without /v1.
    expect((await ask('GET', `/jobs/${jobId}/savepoints/${id}`, '{}')).body).toEqual({
      status: { id: 'IN_PROGRESS' },
      operation: null,
    });
    decideAll();
    expect((await ask('GET', `/v1/jobs/${jobId}/savepoints/${id}`)).body.status).toEqual({ id: 'IN_PROGRESS' });
    ackAll();
    expect(await ask('GET', `/v1/jobs/${jobId}/savepoints/${id}`)).toEqual({
      status: 200,
      body: {
        status: { id: 'COMPLETED' },
        operation: { location: `/mine/savepoint-${jobId.slice(0, 6)}-${jobId.slice(6, 14)}0001` },
      },
    });
  });

  it('is known to every JobManager once it is decided', async () => {
    cluster.report('RUNNING');
    const { body } = await ask('POST', `/jobs/${jobId}/savepoints`);
    decideAll();
    const other = buildApp(cluster, silentLogger);
    const polled = await other.inject({ method: 'GET', url: `/jobs/${jobId}/savepoints/${body['request-id']}` });
    expect(polled.json().status.id).toBe('IN_PROGRESS');
    await other.close();
  });

  it('is asked for once under one trigger id', async () => {
    cluster.report('RUNNING');
    for (let times = 0; times < 2; times++) {
      const { body } = await ask('POST', `/jobs/${jobId}/savepoints`, { triggerId: ID });
      expect(body).toEqual({ 'request-id': ID });
    }
    decideAll();
    expect(cluster.state.jobs.get(jobId)?.checkpoints.pending.size).toBe(1);
  });

  it('that cancels the job is a stop', async () => {
    await ask('POST', `/jobs/${jobId}/savepoints`, { 'cancel-job': true });
    expect(cluster.sent).toMatchObject([{ type: 'StopWithSavepoint', targetPath: null }]);
  });

  it('that fails says why to whoever polls, in Java too; so does one of an unknown job', async () => {
    const unknown = '0'.repeat(32);
    for (const [job, reason] of [
      [jobId, /is CREATED: a savepoint needs every task to be running/],
      [unknown, /there is no job/],
    ] as const) {
      const { status, body } = await ask('POST', `/jobs/${job}/savepoints`, {});
      expect(status).toBe(202);
      decideAll();
      const polled = (await ask('GET', `/jobs/${job}/savepoints/${body['request-id']}`)).body;
      expect(polled.status).toEqual({ id: 'COMPLETED' });
      const cause = polled.operation['failure-cause'];
      expect(cause['stack-trace']).toMatch(reason);
      // Read back by Flink 1.20's own SerializedThrowable when this was written.
      const serialized = Buffer.from(cause['serialized-throwable'], 'base64');
      expect(serialized.subarray(0, 49).toString('latin1')).toBe(
        '\u00ac\u00ed\u0000\u0005sr\u0000)org.apache.flink.util.SerializedThrowable',
      );
      expect(serialized.toString('latin1')).toMatch(reason);
    }
  });

  it('needs a folder, a job id and a body that make sense', async () => {
    cluster.storage = { ...cluster.storage, savepointDirectory: null };
    for (const [path, body, reason] of [
      [`${jobId}/savepoints`, {}, /execution\.checkpointing\.savepoint-dir/],
      [`${jobId}/stop`, undefined, /No savepoint directory/],
      [`${jobId}/stop`, { targetDirectory: '/x', drain: 'yes' }, /drain/],
      [`${jobId}/savepoints`, { 'target-directory': 7 }, /"target-directory" must be/],
      [`${jobId}/savepoints`, { 'target-directory': '/x', 'cancel-job': 'yes' }, /"cancel-job" must be/],
      [`${jobId}/savepoints`, { 'target-directory': '/x', triggerId: 'mine' }, /"triggerId" must be/],
      ['nonsense/savepoints', { 'target-directory': '/x' }, /not a JobID/],
      [`${jobId}/savepoints`, '{"target-directory":', /not JSON/],
    ] as const) {
      const answer = await ask('POST', `/jobs/${path}`, body);
      expect(answer, path).toMatchObject({ status: 400, body: { errors: [expect.stringMatching(reason)] } });
    }
    expect((await ask('POST', `/jobs/${jobId}/savepoints`, JSON.stringify({ x: 'x'.repeat(70_000) }))).status).toBe(
      413,
    );
    expect((await ask('GET', `/jobs/${jobId}/savepoints/${ID}`)).status).toBe(404);
    cluster.journalIsAway = true;
    expect((await ask('POST', `/jobs/${jobId}/savepoints`, { 'target-directory': '/x' })).status).toBe(503);
    expect(cluster.sent).toEqual([]);
  });
});

describe('a stop', () => {
  it('ends the job behind its savepoint', async () => {
    cluster.report('RUNNING');
    const { status, body } = await ask('POST', `/jobs/${jobId}/stop`, { targetDirectory: '/mine', drain: false });
    expect(status).toBe(202);
    decideAll();
    ackAll();
    // Flink has no word for a job whose tasks end behind a savepoint.
    expect((await ask('GET', '/jobs/overview')).body.jobs[0].state).toBe('CANCELLING');
    expect((await ask('GET', '/jobs')).body.jobs[0].status).toBe('CANCELLING');
    cluster.report('FINISHED');
    expect((await ask('GET', `/jobs/${jobId}/savepoints/${body['request-id']}`)).body.operation.location).toMatch(
      /^\/mine\/savepoint-/,
    );
    expect((await ask('GET', `/jobs/${jobId}`)).body.state).toBe('FINISHED');
  });
});

describe('a new parallelism', () => {
  it('is asked for and polled, and shows in the plan', async () => {
    cluster.report('RUNNING');
    const { status, body } = await ask('PATCH', `/jobs/${jobId}/rescaling?parallelism=1`);
    expect(status).toBe(200);
    expect(cluster.sent).toMatchObject([{ type: 'RescaleJob', jobId, parallelism: 1 }]);
    decideAll();
    const polled = async () => (await ask('GET', `/jobs/${jobId}/rescaling/${body['request-id']}`)).body.status.id;
    expect(await polled()).toBe('IN_PROGRESS');
    ackAll();
    expect(await polled()).toBe('COMPLETED');
    cluster.report('FINISHED');
    const { plan, vertices } = (await ask('GET', `/jobs/${jobId}`)).body;
    expect(plan.nodes.map((node: { parallelism: number }) => node.parallelism)).toEqual([1, 1]);
    expect(vertices.map((vertex: { parallelism: number }) => vertex.parallelism)).toEqual([1, 1]);
  });

  it.each(['', '?parallelism=0', '?parallelism=1.5', '?parallelism=many'])('must be a number: %s', async (query) => {
    expect((await ask('PATCH', `/jobs/${jobId}/rescaling${query}`)).status).toBe(400);
    expect(cluster.sent).toEqual([]);
  });
});

describe('checkpoints', () => {
  it('are shown with their counts, sizes and times', async () => {
    cluster.report('RUNNING');
    for (const commandId of ['a', 'b', 'c'])
      cluster.decide({ type: 'TriggerSavepoint', commandId, jobId, targetPath: '/x' });
    ackAll();
    cluster.decide({ type: 'TriggerSavepoint', commandId: 'd', jobId, targetPath: '/x' });
    const { body } = await ask('GET', `/jobs/${jobId}/checkpoints`);
    expect(body.counts).toEqual({ restored: 0, total: 4, in_progress: 1, completed: 3, failed: 0 });
    expect(body.history.map(({ id, status }: { id: number; status: string }) => `${id} ${status}`)).toEqual([
      '4 IN_PROGRESS',
      '3 COMPLETED',
      '2 COMPLETED',
      '1 COMPLETED',
    ]);
    expect(body.history[1]).toMatchObject({
      className: 'completed',
      is_savepoint: true,
      checkpoint_type: 'SAVEPOINT',
      num_subtasks: 4,
      num_acknowledged_subtasks: 4,
      state_size: 400,
      end_to_end_duration: 0,
      external_path: `/x/savepoint-${jobId.slice(0, 6)}-${jobId.slice(6, 14)}0003`,
    });
    expect(body.history[0]).toMatchObject({
      num_subtasks: 4,
      num_acknowledged_subtasks: 0,
      end_to_end_duration: 30_000,
    });
    expect(body.latest).toMatchObject({ completed: null, savepoint: { id: 3 }, failed: null, restored: null });
    expect(body.summary.state_size).toMatchObject({ min: 400, max: 400, avg: 400, p50: 400, p999: 400 });
    expect(body.summary.processed_data).toMatchObject({ min: 0, p99: 'NaN' });
    const details = (await ask('GET', `/jobs/${jobId}/checkpoints/details/3`)).body;
    expect(Object.values(details.tasks)).toMatchObject([
      { num_subtasks: 2, num_acknowledged_subtasks: 2, state_size: 200, status: 'COMPLETED' },
      { num_subtasks: 2, num_acknowledged_subtasks: 2 },
    ]);
    expect((await ask('GET', `/jobs/${jobId}/checkpoints/details/9`)).status).toBe(404);
  });

  it('are shown with their configuration, where they have one', async () => {
    expect((await ask('GET', `/jobs/${jobId}/checkpoints/config`)).status).toBe(404);
    cluster.state.jobs.get(jobId)!.options = {
      ...command.options,
      checkpointing: {
        intervalMs: 1_000,
        minPauseMs: 5,
        timeoutMs: 60_000,
        maxConcurrent: 2,
        toleratedFailures: 3,
        retained: 1,
        retention: 'RETAIN_ON_CANCELLATION',
        unaligned: null,
        alignedTimeoutMs: null,
      },
    };
    expect((await ask('GET', `/jobs/${jobId}/checkpoints/config`)).body).toMatchObject({
      mode: 'exactly_once',
      interval: 1_000,
      timeout: 60_000,
      min_pause: 5,
      max_concurrent: 2,
      tolerable_failed_checkpoints: 3,
      externalization: { enabled: true },
    });
    expect((await ask('GET', `/jobs/${jobId}/checkpoints`)).body).toMatchObject({
      history: [],
      counts: { total: 0 },
      latest: { completed: null },
      summary: { state_size: { min: 0, avg: 0, p50: 'NaN' } },
    });
  });
});

describe('a checkpoint that is asked for', () => {
  it('is polled by its trigger, and shown by subtask', async () => {
    cluster.report('RUNNING');
    const { status, body } = await ask('POST', `/jobs/${jobId}/checkpoints`, {});
    expect(status).toBe(202);
    const poll = () => ask('GET', `/jobs/${jobId}/checkpoints/${body['request-id']}`);
    decideAll();
    expect((await poll()).body.status.id).toBe('IN_PROGRESS');
    ackAll();
    const { checkpointId } = (await poll()).body.operation;
    expect(checkpointId).toBe([...cluster.state.jobs.get(jobId)!.checkpoints.completed].at(-1)?.id);
    const [vertex] = cluster.state.jobs.get(jobId)!.vertices;
    const path = `/jobs/${jobId}/checkpoints/details/${checkpointId}`;
    expect((await ask('GET', path)).body.external_path).toBe(`/checkpoints/${jobId}/chk-${checkpointId}`);
    expect((await ask('GET', `${path}/subtasks/${vertex!.info.id}`)).body).toMatchObject({
      status: 'COMPLETED',
      num_subtasks: 2,
      num_acknowledged_subtasks: 2,
      summary: { state_size: { min: 100, max: 100 }, checkpoint_duration: { sync: { min: 0 } } },
      subtasks: [
        { index: 0, status: 'completed', state_size: 100 },
        { index: 1, status: 'completed', aborted: false },
      ],
    });
    expect((await ask('GET', `${path}/subtasks/${'0'.repeat(32)}`)).status).toBe(404);
  });

  it('that failed is shown with the reason', async () => {
    cluster.report('RUNNING');
    await ask('POST', `/jobs/${jobId}/checkpoints`, {});
    decideAll();
    const [checkpointId = 0] = cluster.state.jobs.get(jobId)!.checkpoints.pending.keys();
    cluster.decide({ type: 'ManifestFailed', jobId, checkpointId, reason: 'the disk is full' });
    const { body } = await ask('GET', `/jobs/${jobId}/checkpoints`);
    expect(body.latest.failed).toMatchObject({ id: checkpointId, failure_message: 'the disk is full' });
  });
});

describe('the disposal of a savepoint', () => {
  it.each([
    ['/mine/savepoint-1', { status: { id: 'COMPLETED' }, operation: {} }],
    ['/not/there', { operation: { 'failure-cause': { 'stack-trace': expect.stringContaining('There is no state') } } }],
  ])('%s is asked for and polled', async (place, expected) => {
    const { status, body } = await ask('POST', '/v1/savepoint-disposal', { 'savepoint-path': place });
    expect(status).toBe(200);
    expect((await ask('GET', `/v1/savepoint-disposal/${body['request-id']}`)).body).toMatchObject(expected);
    expect(cluster.disposed).toEqual(place === '/not/there' ? [] : [place]);
  });

  it('needs a path, and a request that was made', async () => {
    expect((await ask('POST', '/savepoint-disposal', {})).status).toBe(400);
    expect((await ask('GET', '/savepoint-disposal/0')).status).toBe(404);
  });
});
