// What REST shows of processes that it asks.
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/http/app.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { Cluster } from './servedCluster.ts';

let app: FastifyInstance | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

async function get(cluster: Cluster, url: string) {
  app ??= buildApp(cluster, silentLogger);
  const response = await app.inject({ method: 'GET', url });
  return { status: response.statusCode, body: response.json() };
}

describe('live views', () => {
  it('give a TaskManager’s metrics: their names, or the values asked for', async () => {
    const cluster = new Cluster();
    const names = await get(cluster, '/taskmanagers/tm-1/metrics');
    expect(names.body).toContainEqual({ id: 'Status.JVM.CPU.Load' });
    const wanted = 'Status.JVM.CPU.Load,sluice.actors.restarts,no.such.metric';
    expect((await get(cluster, `/v1/taskmanagers/tm-1/metrics?get=${wanted}`)).body).toEqual([
      { id: 'Status.JVM.CPU.Load', value: '0.25' },
      { id: 'sluice.actors.restarts', value: '2' },
    ]);
  });

  it('give a TaskManager’s memory under Flink’s names', async () => {
    const wanted = [
      ['Status.JVM.Memory.Heap.Used', 1234 + 500 * 2 ** 20],
      ['Status.JVM.Memory.Direct.MemoryUsed', 30 * 2 ** 20],
      ['Status.Flink.Memory.Managed.Used', 2 * 2 ** 20],
      ['Status.Flink.Memory.Managed.Total', 3 * 2 ** 20],
      ['Status.Shuffle.Netty.TotalMemorySegments', 6_144],
      ['Status.Shuffle.Netty.UsedMemorySegments', 33],
      ['sluice.memory.pressure', 1],
      ['sluice.network.spilled', 77],
      ['sluice.disk.used', 4_096],
    ] as const;
    const path = `/taskmanagers/tm-1/metrics?get=${wanted.map(([id]) => id).join(',')}`;
    expect((await get(new Cluster(), path)).body).toEqual(wanted.map(([id, value]) => ({ id, value: String(value) })));
  });

  it('give what runs in a TaskManager as a thread dump', async () => {
    const { body } = await get(new Cluster(), '/taskmanagers/tm-1/thread-dump');
    expect(body.threadInfos.map(({ threadName }: { threadName: string }) => threadName)).toEqual([
      'taskmanager/status',
      'Source (1/2)#0',
      'Source (2/2)#0',
      'Sink (1/2)#0',
      'Sink (2/2)#0',
      '…',
    ]);
    expect(body.threadInfos[0].stringifiedThreadInfo).toBe(
      '"taskmanager/status" running, 2 restarts, 1 messages wait\n',
    );
    expect(body.threadInfos[1].stringifiedThreadInfo).toContain('RUNNING, 10 records in, 20 out');
  });

  it('give what a JobManager says of itself', async () => {
    const { body } = await get(new Cluster(), '/jobmanagers/jm-1');
    expect(body).toMatchObject({ id: 'jm-1', rest: 'http://127.0.0.1:8081', role: 'leader', usedHeapBytes: 99 });
    expect(body.actors).toEqual([{ path: 'jobmanager', status: 'running', restarts: 0, waitingMessages: 0 }]);
  });

  it('are 404 for whom nobody knows, and 503 for who does not answer', async () => {
    const cluster = new Cluster();
    for (const url of ['/taskmanagers/tm-9/metrics', '/taskmanagers/tm-9/thread-dump', '/jobmanagers/jm-9'])
      expect(await get(cluster, url)).toMatchObject({ status: 404, body: { errors: [expect.stringMatching(/-9/)] } });
    cluster.answering = false;
    for (const url of [
      '/taskmanagers/tm-1/metrics?get=sluice.uptime',
      '/taskmanagers/tm-1/thread-dump',
      '/jobmanagers/jm-1',
    ])
      expect(await get(cluster, url)).toEqual({
        status: 503,
        body: { errors: [expect.stringMatching(/did not answer/)] },
      });
  });
});
