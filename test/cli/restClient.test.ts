// Whose answer the command line takes: the leader's, else another's soon, and that of one that is slow where there is no other.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterDir, type ProcessEntry } from '../../src/cli/clusterDir.ts';
import { askCluster } from '../../src/cli/restClient.ts';

/** Longer than the leader's answer is waited for once there is another. */
const SLOW_MS = 1_500;
const NEVER_MS = 100_000;

let folder: string;
let dir: ClusterDir;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-rest-'));
  dir = new ClusterDir(folder);
  dir.create();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

async function start(id: string, role: 'leader' | 'standby', delayMs: number): Promise<void> {
  const script = path.join(import.meta.dirname, 'answeringProcess.ts');
  const child = fork(script, [id, role, String(delayMs)], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  const [entry] = (await once(child, 'message')) as [ProcessEntry];
  dir.writeEntry(entry);
}

const answerer = async () => (await askCluster(dir)).status.jobManagers[0]!.id;

describe('the answer that is taken', () => {
  it('is that of the only one, though it takes its time on a busy machine', async () => {
    await start('jm-1', 'leader', SLOW_MS);
    expect(await answerer()).toBe('jm-1');
  });

  it('is the leader’s, though a standby was quicker', async () => {
    await Promise.all([start('jm-1', 'standby', 0), start('jm-2', 'leader', 100)]);
    // Not each time on a machine that is so busy that the leader takes a second.
    await expect.poll(answerer).toBe('jm-2');
  });

  it('is another’s where the leader hangs', async () => {
    await Promise.all([start('jm-1', 'leader', NEVER_MS), start('jm-2', 'standby', 0)]);
    expect(await answerer()).toBe('jm-2');
  });
});
