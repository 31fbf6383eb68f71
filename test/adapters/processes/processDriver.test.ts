// TaskManagers as processes: started once a request, whoever asks, and stopped by their id. The processes are real and do nothing.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessDriver } from '../../../src/adapters/processes/processDriver.ts';
import { ClusterDir, type ProcessEntry } from '../../../src/cli/clusterDir.ts';
import { silentLogger } from '../../jobmanager/harness.ts';

let dir: ClusterDir;
let children: ChildProcess[];
let indices: number[];
let underWay: number;
let mostUnderWay: number;

beforeEach(async () => {
  dir = new ClusterDir(await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-driver-')));
  dir.create();
  children = [];
  indices = [];
  underWay = mostUnderWay = 0;
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await fs.rm(dir.path, { recursive: true, force: true });
});

async function launch(folder: ClusterDir, index: number, requestId: string): Promise<ProcessEntry> {
  indices.push(index);
  mostUnderWay = Math.max(mostUnderWay, ++underWay);
  const script = path.join(import.meta.dirname, 'idleProcess.mjs');
  const child = fork(script, [folder.path, `tm-${index}-${requestId}`, requestId]);
  children.push(child);
  const [entry] = (await once(child, 'message')) as [ProcessEntry];
  underWay--;
  return entry;
}

const driver = () => new ProcessDriver({ dir: dir.path, logger: silentLogger, launch });

describe('a ProcessDriver', () => {
  it('starts one process a request, and none for a request whose process runs, whoever started that', async () => {
    const one = driver();
    await Promise.all([one.start('request-1'), one.start('request-1'), one.start('request-2')]);
    expect(children).toHaveLength(2);
    expect(indices.toSorted()).toEqual([1, 2]);
    await one.start('request-1');
    await driver().start('request-2');
    expect(children).toHaveLength(2);
    children[0]?.kill('SIGKILL');
    await once(children[0] as ChildProcess, 'exit');
    const [requestId = ''] = children[0]?.spawnargs.slice(-1) ?? [];
    await driver().start(requestId);
    expect(children).toHaveLength(3);
    expect(indices[2]).toBe(indices[0]);
  });

  it('starts a few at a time', async () => {
    const one = driver();
    await Promise.all(Array.from({ length: 10 }, (_, number) => one.start(`request-${number}`)));
    expect(children).toHaveLength(10);
    expect(new Set(indices).size).toBe(10);
    expect(mostUnderWay).toBeLessThanOrEqual(4);
  });

  it('tells why one cannot be started, and starts it when asked again', async () => {
    let tries = 0;
    const one = new ProcessDriver({
      dir: dir.path,
      logger: silentLogger,
      launch: async (folder, index, requestId) => {
        if (++tries === 1) throw new Error('tm-1 did not start: out of memory');
        return launch(folder, index, requestId);
      },
    });
    await expect(one.start('request-1')).rejects.toThrow('out of memory');
    await one.start('request-1');
    expect(indices).toEqual([1]);
  });

  it('stops the process of that id, and takes one that is gone for stopped', async () => {
    const one = driver();
    await Promise.all([one.start('request-1'), one.start('request-2')]);
    const [first, second] = children as [ChildProcess, ChildProcess];
    const [entry] = (await dir.liveProcesses()).filter(({ pid }) => pid === first.pid);
    await one.stop(entry?.id ?? '');
    const [code] = (await once(first, 'exit')) as [number];
    expect(code).toBe(0);
    expect(second.exitCode).toBeNull();
    await one.stop(entry?.id ?? '');
    await one.stop('tm-unknown');
    expect(second.exitCode).toBeNull();
  });
});
