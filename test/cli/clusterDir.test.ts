// A cluster's folder and the identity of its processes, with real processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterDir, type ProcessEntry } from '../../src/cli/clusterDir.ts';
import { isAlive, ownStartTime, signalProcess, waitForEnd } from '../../src/cli/processIdentity.ts';

let folder: string;
let dir: ClusterDir;
let children: ChildProcess[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-dir-'));
  dir = new ClusterDir(folder);
  dir.create();
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A process that notes itself as a cluster's does: by an entry that it writes. */
async function startProcess(id: string): Promise<ProcessEntry> {
  const identity = new URL('../../src/cli/processIdentity.ts', import.meta.url).href;
  const program = `import { ownStartTime } from '${identity}'; console.log(await ownStartTime()); setInterval(() => {}, 1_000);`;
  const tsx = ['--import', 'tsx', '--input-type=module'];
  const child = spawn(process.execPath, [...tsx, '--eval', program, id], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [startedAt] = (await once(child.stdout!, 'data')) as [Buffer];
  const entry = {
    id,
    kind: 'jobmanager',
    pid: child.pid!,
    startedAt: String(startedAt).trim(),
    rest: null,
    slots: null,
    requestId: null,
  } as const;
  dir.writeEntry(entry);
  return entry;
}

describe('the folder of a cluster', () => {
  it('lists the processes that live, in the order of their numbers, and forgets the dead', async () => {
    const [ten, two] = await Promise.all([startProcess('jm-10'), startProcess('jm-2')]);
    expect((await dir.liveProcesses()).map(({ id }) => id)).toEqual(['jm-2', 'jm-10']);
    expect(await dir.liveProcesses('taskmanager')).toEqual([]);
    await signalProcess(two, 'SIGKILL');
    expect(await waitForEnd(two, 5_000)).toBe(true);
    expect(await dir.liveProcesses()).toEqual([ten]);
    expect(fs.existsSync(path.join(folder, 'run', 'jm-2.json'))).toBe(false);
  });

  it('keeps the entry of the process that took over an id', async () => {
    const old: ProcessEntry = {
      id: 'jm-1',
      kind: 'jobmanager',
      pid: 999_999_999,
      startedAt: '1',
      rest: null,
      slots: null,
      requestId: null,
    };
    const entry = await startProcess('jm-1');
    dir.removeEntry(old);
    expect(await dir.liveProcesses()).toEqual([entry]);
    dir.removeEntry(entry);
    expect(await dir.liveProcesses()).toEqual([]);
  });

  it('passes over files that are no entries', async () => {
    for (const [name, text] of [
      ['half.json', '{"id": "jm-'],
      ['other.json', '[1]'],
      ['note.txt', 'x'],
    ] as const) {
      fs.writeFileSync(path.join(folder, 'run', name), text);
    }
    expect(await dir.liveProcesses()).toEqual([]);
    expect(await new ClusterDir(path.join(folder, 'nowhere')).liveProcesses()).toEqual([]);
  });
});

describe('a process’s identity', () => {
  it('is its pid, its start time and its command line together', async () => {
    const entry = await startProcess('tm-1-abcdef');
    expect(await isAlive(entry)).toBe(true);
    expect(await isAlive({ ...entry, startedAt: `${entry.startedAt}1` })).toBe(false);
    expect(await isAlive({ ...entry, id: 'tm-1-fedcba' })).toBe(false);
    expect(await isAlive({ ...entry, pid: process.pid })).toBe(false);
    expect(await ownStartTime()).not.toBe(entry.startedAt);
  });

  it('guards signals: a stranger under the same pid gets none', async () => {
    const entry = await startProcess('jm-1');
    expect(await signalProcess({ ...entry, startedAt: '1' }, 'SIGKILL')).toBe(false);
    expect(await isAlive(entry)).toBe(true);
    expect(await waitForEnd(entry, 0)).toBe(false);
    expect(await signalProcess(entry, 'SIGTERM')).toBe(true);
    expect(await waitForEnd(entry, 5_000)).toBe(true);
    expect(await signalProcess(entry, 'SIGTERM')).toBe(false);
  });
});
