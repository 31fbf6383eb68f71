// Every TaskManagerDriver against its contract: real processes that do nothing, and an API server of our own over HTTP.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKubernetesDriver } from '../../src/adapters/kubernetes/connect.ts';
import { ProcessDriver } from '../../src/adapters/processes/processDriver.ts';
import { ClusterDir, type ProcessEntry } from '../../src/cli/clusterDir.ts';
import { FakeApiServer } from '../adapters/kubernetes/apiServer.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { taskManagerDriverContract } from './taskManagerDriverContract.ts';

const idleProcess = path.join(import.meta.dirname, '..', 'adapters', 'processes', 'idleProcess.mjs');

taskManagerDriverContract('processes', async () => {
  const dir = new ClusterDir(await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-driver-')));
  dir.create();
  const children: ChildProcess[] = [];
  let failures = 0;
  const launch = async (folder: ClusterDir, index: number, requestId: string): Promise<ProcessEntry> => {
    if (failures-- > 0) throw new Error('it did not start: out of memory');
    failures = 0;
    const child = fork(idleProcess, [folder.path, `tm-${index}-${requestId}`, requestId]);
    children.push(child);
    const [entry] = (await once(child, 'message')) as [ProcessEntry];
    return entry;
  };
  return {
    driver: () => new ProcessDriver({ dir: dir.path, logger: silentLogger, launch }),
    running: async () => (await dir.liveProcesses('taskmanager')).map(({ id }) => id),
    failOnce: () => {
      failures = 1;
    },
    async close() {
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
      await fs.rm(dir.path, { recursive: true, force: true });
    },
  };
});

taskManagerDriverContract('kubernetes', async () => {
  const server = new FakeApiServer('streams', 'sluice-taskmanager');
  const kubeConfig = await server.listen();
  const options = { namespace: 'streams', statefulSet: server.name, maxReplicas: 8, logger: silentLogger };
  return {
    driver: () => connectKubernetesDriver(options, kubeConfig),
    running: async () => [...server.pods].map(([ordinal, { uid }]) => `${server.name}-${ordinal}-${uid.slice(0, 6)}`),
    failOnce: () => {
      server.failures.push(403);
    },
    close: () => server.close(),
  };
});
