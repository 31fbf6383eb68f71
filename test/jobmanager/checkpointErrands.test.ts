// What a leader does in the checkpoint storage: manifests written and read back, damaged ones told apart, and nothing deleted that a checkpoint
// still needs.
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { MergingStorage } from '../../src/adapters/mergingStorage.ts';
import { decodeManifest } from '../../src/codec/manifest.ts';
import type { Observation } from '../../src/core/inputs.ts';
import type { SubmitJob } from '../../src/core/schema.gen.ts';
import { CheckpointErrands } from '../../src/jobmanager/checkpointErrands.ts';
import { disposeSavepoint } from '../../src/jobmanager/savepointDisposal.ts';
import {
  CheckpointStorageError,
  checkpointFolder,
  MANIFEST,
  type StateStorage,
  sharedFolder,
  sharedName,
} from '../../src/ports/checkpointStorage.ts';
import { Cluster, chain, fixedDelay, hex, OPTIONS, register, submit } from '../core/cluster.ts';

const JOB = hex('job');
const CHECKPOINTING = {
  intervalMs: 1_000_000_000,
  minPauseMs: 0,
  timeoutMs: 600_000,
  maxConcurrent: 1,
  toleratedFailures: 9,
  retained: 1,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let storage: MemoryStorage;
/** The tasks' way to it. */
let stateStorage: StateStorage;
let cluster: Cluster;
let told: Observation[];
let errands: CheckpointErrands;
let work: Promise<unknown>[];

beforeEach(() => {
  storage = new MemoryStorage();
  stateStorage = storage;
  cluster = new Cluster();
  told = [];
  work = [];
  errands = new CheckpointErrands({
    checkpoints: storage,
    logger: quiet,
    state: cluster.state,
    tell: (observation) => told.push(observation),
    later: (_delayMs, action) => action(),
    stopped: () => false,
    background: (promise) => void work.push(promise),
  });
  cluster.when(register('tm-1', 8));
});

async function settled(): Promise<void> {
  for (let done = 0; done < work.length; done++) await work[done];
}

function start(overrides: Partial<SubmitJob> = {}): void {
  cluster.when(submit('job', chain({ parallelism: 2 }), overrides));
  cluster.when(cluster.report('tm-1', 'RUNNING'));
}

/** Both subtasks store something for a new checkpoint, of which the shared files are the named ones; the manifest is written. */
async function checkpoint(
  files: readonly string[] | ((folder: string) => Promise<string[]>) = [],
  targetPath: string | null = null,
): Promise<number> {
  const id = cluster.job('job').checkpoints.nextId;
  const commandId = `c-${id}`;
  if (targetPath === null) cluster.when({ type: 'RequestCheckpoint', commandId, jobId: JOB });
  else cluster.when({ type: 'TriggerSavepoint', commandId, jobId: JOB, targetPath });
  const pending = cluster.job('job').checkpoints.pending.get(id)!;
  const shared = typeof files === 'function' ? await files(pending.targetPath!) : files;
  const acks = await Promise.all(
    [...pending.waitingFor].map(async ({ vertex, index: subtask, attempt }) => {
      const folder = pending.targetPath ?? checkpointFolder(JOB, id);
      const handle = await stateStorage.write(folder, `0-${subtask}`, new Uint8Array([id, subtask]));
      return { vertex, subtask, attempt, handle, bytes: 2, shared, operators: [0], metrics: null, inputEnded: false };
    }),
  );
  const report = { type: 'CheckpointReport', taskManagerId: 'tm-1', jobId: JOB, checkpointId: id } as const;
  cluster.when({ ...report, acks, declines: [], damaged: [] });
  errands.run({ type: 'WriteManifest', jobId: JOB, checkpointId: id });
  await settled();
  return id;
}

const write = (id: number, name: string) => storage.write(sharedFolder(JOB), sharedName(id, name), new Uint8Array(9));
const discard = async (checkpointId: number): Promise<void> => {
  errands.run({ type: 'DiscardCheckpoint', jobId: JOB, checkpointId, targetPath: null });
  await settled();
};

describe('a manifest', () => {
  it('says everything that a new cluster needs, relative to its folder', async () => {
    start();
    const shared = await write(1, 'a');
    await checkpoint([shared]);
    expect(told).toEqual([{ type: 'ManifestWritten', jobId: JOB, checkpointId: 1 }]);
    const first = await storage.read(`${JOB}/chk-1/${MANIFEST}`);
    expect(decodeManifest(first)).toMatchObject({
      jobId: JOB,
      checkpointId: 1,
      vertices: [{ parallelism: 2, maxParallelism: 128, operators: [{ uid: 'op-0', stateful: true }] }],
      states: [
        { subtask: 0, handle: expect.stringMatching(/^0-0#/), shared: [expect.stringMatching(/^\.\.\/shared\/1-a#/)] },
        { subtask: 1, handle: expect.stringMatching(/^0-1#/) },
      ],
    });
    cluster.claim('jm-2');
    errands.run({ type: 'WriteManifest', jobId: JOB, checkpointId: 1 });
    await settled();
    expect(await storage.read(`${JOB}/chk-1/${MANIFEST}`), 'the next leader writes the same').toEqual(first);
  });

  it('that cannot be written is told as such', async () => {
    start();
    storage.write = async (folder, name) => {
      if (name === MANIFEST) throw new CheckpointStorageError('STORAGE_FAILED', 'the disk is full');
      return `${folder}/${name}`;
    };
    await checkpoint();
    expect(told).toMatchObject([{ type: 'ManifestFailed', checkpointId: 1, reason: 'the disk is full' }]);
  });
});

describe('what a job starts from', () => {
  const submitFrom = (savepointPath: string) =>
    cluster.when(submit('next', chain({ parallelism: 3 }), { options: { ...OPTIONS, savepointPath } }));
  const read = async (): Promise<Observation | undefined> => {
    told.length = 0;
    errands.run({ type: 'ReadRestorePoint', jobId: hex('next') });
    await settled();
    return told[0];
  };

  async function savepoint(): Promise<string> {
    start();
    const id = await checkpoint([], '/mine');
    const { targetPath } = cluster.job('job').checkpoints.pending.get(id)!;
    cluster.when({ type: 'ManifestWritten', jobId: JOB, checkpointId: id });
    return targetPath!;
  }

  it('is read from where it was moved to, and restored at another parallelism', async () => {
    const path = await savepoint();
    for (const name of await storage.list(path))
      await storage.write('/moved/here', name, await storage.read(`${path}/${name}`));
    await storage.remove(path);
    submitFrom(`/moved/here/${MANIFEST}`);
    const observation = await read();
    expect(observation).toMatchObject({ type: 'RestorePointRead' });
    const { effects } = cluster.effectsAfter(observation!);
    const [deployment] = effects.flatMap((effect) => (effect.type === 'Assign' ? [effect.message] : []));
    expect(deployment).toMatchObject({ type: 'DeployTasks', restore: { checkpointId: 1, parallelisms: [2] } });
    const handles = deployment?.type === 'DeployTasks' ? deployment.restore!.states.map(({ handle }) => handle) : [];
    expect(handles).toHaveLength(2);
    for (const handle of handles) expect((await storage.read(handle))[0]).toBe(1);
  });

  it('may have its subtasks share a file, is found incomplete without it, and is deleted with it', async () => {
    stateStorage = new MergingStorage(storage);
    const path = await savepoint();
    expect(await storage.list(path)).toHaveLength(2);
    submitFrom(path);
    expect(await read()).toMatchObject({
      type: 'RestorePointRead',
      manifest: { states: [{ bytes: 2 }, { bytes: 2 }] },
    });
    const [shared] = (await storage.list(path)).filter((name) => name !== MANIFEST);
    const content = await storage.read(`${path}/${shared}`);
    await storage.remove(path, [shared!]);
    expect(await read()).toMatchObject({ type: 'RestorePointUnusable', reason: expect.stringContaining(shared!) });
    await storage.write(path, shared!, content);
    await disposeSavepoint(storage, path);
    expect(await storage.list(path)).toEqual([]);
  });

  it('is deleted with the files of large state, which its states refer to', async () => {
    start();
    const id = await checkpoint(async (folder) => [await storage.write(folder, '0-0-1', new Uint8Array(9))], '/mine');
    const { targetPath } = cluster.job('job').checkpoints.pending.get(id)!;
    expect(await storage.list(targetPath!)).toHaveLength(4);
    await disposeSavepoint(storage, targetPath!);
    expect(await storage.list(targetPath!)).toEqual([]);
  });

  it.each([
    ['is not there', async (path: string) => storage.remove(path), /There is no state/],
    ['lacks a file', async (path: string) => storage.remove(path, ['0-1']), /its file .*0-1 is not there/],
    [
      'has a manifest that is no JSON',
      async (path: string) => storage.write(path, MANIFEST, new TextEncoder().encode('{"format":')),
      /its manifest is damaged/,
    ],
    [
      'has a manifest that was changed',
      async (path: string) => {
        const text = new TextDecoder().decode(await storage.read(`${path}/${MANIFEST}`));
        await storage.write(path, MANIFEST, new TextEncoder().encode(text.replace('"subtask": 1', '"subtask": 0')));
      },
      /does not have the checksum/,
    ],
    [
      'has a manifest of another version',
      async (path: string) => {
        const text = new TextDecoder().decode(await storage.read(`${path}/${MANIFEST}`));
        await storage.write(path, MANIFEST, new TextEncoder().encode(text.replace('"version": 1', '"version": 2')));
      },
      /not one of version 1/,
    ],
  ])('that %s makes the job fail with the reason', async (_what, damage, reason) => {
    const path = await savepoint();
    await damage(path);
    submitFrom(path);
    const observation = await read();
    expect(observation).toMatchObject({ type: 'RestorePointUnusable', reason: expect.stringMatching(reason) });
    cluster.when(observation!);
    expect(cluster.job('next').status).toMatchObject({ kind: 'FAILED', reason: expect.stringContaining(path) });
  });
});

describe('shared files', () => {
  it('go with the last checkpoint that refers to them, and not before', async () => {
    start();
    const [a, b] = [await write(1, 'a'), await write(1, 'b')];
    cluster.when({ type: 'ManifestWritten', jobId: JOB, checkpointId: await checkpoint([a, b]) });
    const c = await write(2, 'c');
    // Retained is one, so the first is subsumed.
    cluster.when({ type: 'ManifestWritten', jobId: JOB, checkpointId: await checkpoint([b, c]) });
    await discard(1);
    expect((await storage.list(sharedFolder(JOB))).sort()).toEqual(['1-b', '2-c']);
  });

  it('that are being written for a checkpoint under way, or one that is not known yet, stay', async () => {
    start();
    cluster.when({ type: 'RequestCheckpoint', commandId: 'c', jobId: JOB });
    await write(1, 'under-way');
    await write(2, 'ahead-of-this-replica');
    await discard(7);
    expect(await storage.list(sharedFolder(JOB))).toHaveLength(2);
    cluster.when({ type: 'ManifestFailed', jobId: JOB, checkpointId: 1, reason: 'the disk is full' });
    await discard(1);
    expect(await storage.list(sharedFolder(JOB))).toEqual(['2-ahead-of-this-replica']);
  });

  it('of a damaged checkpoint stay, since a disk that is not mounted looks like damage', async () => {
    start({ options: { ...OPTIONS, restartStrategy: fixedDelay(9, 0) } });
    const [a, b] = [await write(1, 'a'), await write(1, 'b')];
    cluster.when({ type: 'ManifestWritten', jobId: JOB, checkpointId: await checkpoint([a, b]) });
    const [subtask] = cluster.subtasks('job');
    const task = { vertex: 0, subtask: 0, attempt: subtask!.attempt };
    const report = { type: 'CheckpointReport', taskManagerId: 'tm-1', jobId: JOB, acks: [], declines: [] } as const;
    cluster.when({ ...report, checkpointId: 1, damaged: [{ ...task, handle: a, reason: 'gone' }] });
    expect(cluster.job('job').checkpoints.completed).toEqual([]);
    await write(2, 'c');
    await write(1, 'd');
    cluster.when({ type: 'RequestCheckpoint', commandId: 'c-2', jobId: JOB });
    cluster.when({ type: 'ManifestFailed', jobId: JOB, checkpointId: 2, reason: 'the disk is full' });
    await discard(2);
    expect((await storage.list(sharedFolder(JOB))).sort()).toContain('1-a');
  });

  it('take every checkpoint with them that refers to them, once one is damaged', async () => {
    start({ options: { ...OPTIONS, checkpointing: { ...CHECKPOINTING, retained: 3 } } });
    const [a, b] = [await write(1, 'a'), await write(2, 'b')];
    for (const shared of [[], [a], [a, b]])
      cluster.when({ type: 'ManifestWritten', jobId: JOB, checkpointId: await checkpoint(shared) });
    const [subtask] = cluster.subtasks('job');
    const task = { vertex: 0, subtask: 0, attempt: subtask!.attempt };
    const report = { type: 'CheckpointReport', taskManagerId: 'tm-1', jobId: JOB, acks: [], declines: [] } as const;
    cluster.when({ ...report, checkpointId: 3, damaged: [{ ...task, handle: a, reason: 'gone' }] });
    expect(cluster.job('job').checkpoints.completed.map(({ id }) => id)).toEqual([1]);
  });
});
