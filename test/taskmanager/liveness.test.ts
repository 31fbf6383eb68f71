// The end of a TaskManager's process is known at once by its connection; that a connection closes is not taken for its end.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { openJournalSignals } from '../../src/adapters/journalSignals.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import { systemClock, systemIds } from '../../src/adapters/system.ts';
import { openChannels } from '../../src/codec/channels.ts';
import { encodeMessage } from '../../src/codec/codec.ts';
import { LivenessConnections } from '../../src/http/liveness.ts';
import { JobManager } from '../../src/jobmanager/jobManager.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { LivenessLinks } from '../../src/taskmanager/livenessLinks.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { POLICY } from '../core/cluster.ts';
import { silentLogger } from '../jobmanager/harness.ts';

const topics = loadTopicSpecs();
const POLL_MS = 5;

/** Waits for the condition; real ms that it took. */
async function until(condition: () => boolean, limitMs = 15_000): Promise<number> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > limitMs) throw new Error(`did not happen in ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return performance.now() - startMs;
}

describe('a TaskManager that is a process', () => {
  let folder: string;
  let journal: Journal;
  let jobManager: JobManager;
  let children: ChildProcess[];
  let released: string[];

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-liveness-'));
    journal = await openEmbeddedJournal({ path: path.join(folder, 'journal'), clock: systemClock });
    await journal.ensureTopics(topics);
    children = [];
    released = [];
    const channels = openChannels(journal, { topics, source: 'jm-1' });
    jobManager = new JobManager({
      id: 'jm-1',
      pid: process.pid,
      channels,
      signals: openJournalSignals({ journal, clock: systemClock, onError() {} }),
      clock: systemClock,
      ids: systemIds,
      policy: POLICY,
      rest: { host: '127.0.0.1', port: 0 },
      // Far longer than any of these tests may take.
      liveness: { heartbeatTimeoutMs: 120_000 },
      logger: silentLogger,
      onFailure: (error) => {
        throw error;
      },
    });
    await jobManager.start();
    await channels.follow('events', {
      from: () => 'earliest',
      onBatch: ({ deliveries }) => {
        for (const delivery of deliveries) {
          if (delivery.kind !== 'message' || delivery.message.type !== 'Commit') continue;
          for (const event of delivery.message.events)
            if (event.type === 'TaskManagerLost' || event.type === 'TaskManagerReleased')
              released.push(`${event.type} ${event.taskManagerId}`);
        }
      },
      onError() {},
    });
  });
  afterEach(async () => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await jobManager.stop();
    await journal[Symbol.asyncDispose]();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function start(id: string): Promise<ChildProcess> {
    const script = path.join(import.meta.dirname, 'linkedProcess.ts');
    const child = fork(script, [path.join(folder, 'journal'), id], { execArgv: ['--import', 'tsx'] });
    children.push(child);
    await once(child, 'message');
    await until(() => jobManager.state.taskManagers.has(id));
    // By then it is linked as well: its heartbeats come every 500 ms, those of the JobManager, which it links to when it hears one, every 100.
    const heard = new Set<number>();
    await until(() => heard.add(jobManager.lastHeard(id)?.heardAt ?? 0).size > 3);
    return child;
  }

  it('is lost soon after it was killed, and not at all when it is frozen', async () => {
    const [killed, frozen, later] = await Promise.all([start('tm-1'), start('tm-frozen'), start('tm-2')]);
    frozen.kill('SIGSTOP');
    killed.kill('SIGKILL');
    const tookMs = await until(() => released.length === 1);
    // 200 ms to be sure, a tick, and a slow machine; by heartbeats alone it would be 120 s.
    expect(tookMs).toBeLessThan(20_000);
    later.kill('SIGKILL');
    await until(() => released.length === 2);
    expect(released).toEqual(['TaskManagerLost tm-1', 'TaskManagerLost tm-2']);
    frozen.kill('SIGCONT');
  });

  it('is released, not lost, when it stops in order', async () => {
    const [child, later] = await Promise.all([start('tm-1'), start('tm-2')]);
    child.kill('SIGTERM');
    await once(child, 'exit');
    await until(() => released.length === 1);
    later.kill('SIGKILL');
    await until(() => released.length === 2);
    expect(released).toEqual(['TaskManagerReleased tm-1', 'TaskManagerLost tm-2']);
  });
});

describe('links that break while both ends live', () => {
  let server: http.Server;
  let said: string[];
  let hub: SimulatedSignalHub;
  let links: LivenessLinks;
  let lost: number;
  let connections: LivenessConnections;
  let beating: NodeJS.Timeout;
  const sockets = new Set<net.Socket>();

  beforeEach(async () => {
    said = [];
    lost = 0;
    hub = new SimulatedSignalHub();
    connections = new LivenessConnections({
      onLinked: (id) => said.push(`linked ${id}`),
      onUnlinked: (id) => said.push(`unlinked ${id}`),
    });
    server = http.createServer();
    server.on('upgrade', (request, socket) => connections.accept(request, socket));
    server.on('connection', (socket: net.Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const signals = hub.connect();
    links = new LivenessLinks({
      taskManagerId: 'tm/1 ü',
      signals: hub.connect(),
      clock: systemClock,
      logger: silentLogger,
      guard: (callback) => callback,
      onLost: () => lost++,
    });
    await links.start();
    const payload = encodeMessage({
      type: 'JobManagerHeartbeat',
      jobManagerId: 'jm-1',
      pid: 1,
      restAddress: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      role: 'leader',
      epoch: 1,
      offset: 1,
    });
    beating = setInterval(() => void signals.publish('jobmanagers', { from: 'jm-1', payload }), 20);
    await until(() => said.length === 1);
  });
  afterEach(async () => {
    clearInterval(beating);
    await links.stop();
    connections.close();
    server.closeAllConnections();
    server.close();
  });

  it('are made again at once, and contradicted by a heartbeat', async () => {
    for (const socket of sockets) socket.destroy();
    await until(() => said.length === 3);
    expect(said).toEqual(['linked tm/1 ü', 'unlinked tm/1 ü', 'linked tm/1 ü']);
    await until(() => lost === 1);
  });

  it('are made again when the other end comes back', async () => {
    const { port } = server.address() as AddressInfo;
    for (const socket of sockets) socket.destroy();
    server.close();
    await until(() => said.length === 2 && lost === 1);
    server.listen(port, '127.0.0.1');
    await until(() => said.length === 3);
    expect(said.at(-1)).toBe('linked tm/1 ü');
  });

  it('end with a goodbye when the TaskManager stops in order', async () => {
    await links.stop();
    await until(() => sockets.size === 0);
    expect(said).toEqual(['linked tm/1 ü']);
  });

  it('are refused to whoever asks for something else, and count as one while any is open', async () => {
    const { port } = server.address() as AddressInfo;
    const ask = async (head: string): Promise<string> => {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`${head}\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: sluice-liveness\r\n\r\n`);
      const [data] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return data.toString().split('\r\n')[0] ?? '';
    };
    expect(await ask('GET /jobs HTTP/1.1')).toContain('404');
    expect(await ask('GET /liveness/%ZZ HTTP/1.1')).toContain('404');
    expect(await ask(`GET /liveness/${'x'.repeat(300)} HTTP/1.1`)).toContain('404');
    // A second one of the same id, which closes without a word.
    expect(await ask(`GET /liveness/${encodeURIComponent('tm/1 ü')} HTTP/1.1`)).toContain('101');
    await until(() => sockets.size === 1);
    expect(said).toEqual(['linked tm/1 ü']);
  });
});
