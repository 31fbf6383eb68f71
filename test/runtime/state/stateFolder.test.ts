// Where state in LMDB lies while tasks run: in a folder of its own a task, gone with the task however it ends, and with its process.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimWorkingFolder } from '../../../src/runtime/disk/workingFolder.ts';
import { defaultStateBackends } from '../../../src/runtime/state/stateBackends.ts';
import { TestCluster, testJob } from '../testCluster.ts';

let root: string;
let cluster: TestCluster | null = null;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-folders-'));
});
afterEach(async () => {
  await cluster?.close();
  cluster = null;
  fs.rmSync(root, { recursive: true, force: true });
});

async function start(fallback: 'hashmap' | 'lmdb', threads: number): Promise<string> {
  const folder = path.join(root, 'own');
  cluster = await TestCluster.start(1, 2, {
    threads,
    stateBackends: { ...defaultStateBackends('tm'), fallback, folders: [folder], managedBytes: 8 * 1024 * 1024 },
  });
  return folder;
}

const inside = (folder: string): string[] => (fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []);

describe('the working folder of state', () => {
  for (const threads of [0, 2]) {
    it(`holds nothing of a finished task, and the job counts as in heap (${threads} threads)`, async () => {
      const folder = await start('lmdb', threads);
      const job = await testJob('wordCount.ts', 2, ['2000', 'print']);
      let seen: string[] = [];
      cluster!.takeResults = async () => {
        seen = [...new Set([...seen, ...inside(folder)])].sort();
      };
      cluster!.deploy(job);
      await cluster!.all(job, 'FINISHED');
      const counts = new Map<string, number>();
      for (const line of cluster!.lines()) {
        const [word, count] = JSON.parse(line.replace(/^\d+> /, '')) as [string, number];
        expect(count).toBe((counts.get(word) ?? 0) + 1);
        counts.set(word, count);
      }
      expect(counts.size).toBe(997);
      expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(20_000);
      expect(seen).toEqual([0, 1].map((subtask) => `${'0'.repeat(32)}-1-${subtask}-0`));
      await cluster!.until('the folders are gone', () => inside(folder).length === 0);
      await cluster!.close();
      expect(fs.existsSync(folder)).toBe(false);
    });
  }

  for (const end of ['cancel', 'throw', 'exit']) {
    it(`holds nothing of a task that ended by ${end}`, async () => {
      const folder = await start('hashmap', 2);
      const job = await testJob('remembers.ts', 1, ['5000', end]);
      cluster!.deploy(job);
      await cluster!.all(job, 'RUNNING');
      if (end === 'cancel') {
        await cluster!.until('there is state', () => inside(folder).length === 1);
        cluster!.cancel(job);
      }
      const last = end === 'cancel' ? 'CANCELED' : 'FAILED';
      await cluster!.until(last, () => cluster!.reports.some(({ vertex, state }) => vertex === 1 && state === last));
      await cluster!.until('the folder is gone', () => inside(folder).length === 0);
    });
  }

  it('goes when its process is found dead, and not before', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const own = claimWorkingFolder(root, 'tm/1');
    const names = [`sluice-${pid}-123-tm-9`, `sluice-${process.pid}-1-tm-9`, path.basename(own), 'other'];
    for (const name of names) fs.mkdirSync(path.join(root, name));
    expect(claimWorkingFolder(root, 'tm/1')).toBe(own);
    expect(inside(root)).toEqual([path.basename(own), 'other'].sort());
  });
});
