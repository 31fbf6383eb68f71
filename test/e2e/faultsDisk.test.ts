// The disk under the embedded journal runs full under a job that checks itself: the cluster says so, its tasks run on, nothing that was
// acknowledged is lost, and with room again it goes on as if nothing had been.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root, waitFor } from './cluster.ts';
import { SmallDisk } from './faultsDisk.ts';
import { FaultsStage } from './faultsStage.ts';

const TEST_TIMEOUT_MS = 300_000;
const hello = path.join(root, 'examples', 'hello.ts');
const SIZE = { count: 200_000, recordsPerSecond: 2_000 };

const possible = SmallDisk.possible();

describe.skipIf(!possible)('a full disk under the embedded journal', { timeout: TEST_TIMEOUT_MS }, () => {
  let disk: SmallDisk;
  let stage: FaultsStage;
  beforeEach(() => {
    disk = SmallDisk.make();
  });
  afterEach(async () => {
    await stage?.stop();
    disk?.remove();
  });

  it('is a disk of its own, or is not filled', () => {
    disk.remove();
    fs.mkdirSync(disk.path);
    try {
      expect(() => disk.fill()).toThrow(/is not mounted/);
      expect(fs.readdirSync(disk.path)).toEqual([]);
    } finally {
      fs.rmdirSync(disk.path);
    }
  });

  it('is told, costs nothing that was acknowledged, and is over when there is room', async () => {
    stage = await FaultsStage.start({ journal: 'embedded', settings: [`journal.embedded.path=${disk.path}`] });
    await stage.keepJobsRunning(SIZE);
    const processes = await stage.cluster.dir.liveProcesses();
    const said = () => processes.flatMap(({ id }) => wordsOf(stage.cluster.dir.logFile(id)));
    disk.fill();
    // Of whoever has something to write: while a checkpoint waits for its acks, that need not be the leader.
    await waitFor('a word of it', () => said().length > 0);
    const epoch = stage.epoch;
    for (const text of said()) {
      expect(text).toContain(disk.path);
      expect(text).toContain('free some space');
    }
    // Whoever submits meanwhile learns it too; and that takes no longer than it takes the tasks to show that they run on.
    const [refused] = await Promise.all([stage.cluster.run('run', hello), stage.untilWritten(2_000)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^sluice: .*free some space/);
    expect(refused.stderr).toContain(disk.path);
    console.info(`on a full disk: ${refused.stderr}`);
    const before = stage.count('CheckpointCompleted');
    disk.free();
    await stage.until('a checkpoint with room again', () => stage.count('CheckpointCompleted') > before);
    console.info(`epoch ${epoch} before, ${stage.epoch} after`);
    await waitFor(
      'a job that is submitted with room again',
      async () => (await stage.cluster.run('run', hello)).code === 0,
    );
    await stage.endJobs();
    expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    expect((await stage.cluster.dir.liveProcesses()).map(({ pid }) => pid)).toEqual(processes.map(({ pid }) => pid));
  });
});

/** What a process logged of a full journal. */
function wordsOf(logFile: string): string[] {
  return fs
    .readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"JOURNAL_FULL"'));
}
