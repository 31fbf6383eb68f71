// Artifacts through the journal and the cache folder, on a broker in memory and a real file system.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalBlobs, type JournalBlobsOptions } from '../../src/adapters/journalBlobs.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { systemClock, systemIds } from '../../src/adapters/system.ts';
import { hashOf } from '../../src/client/artifacts.ts';
import { openChannels } from '../../src/codec/channels.ts';
import { BlobNotFound } from '../../src/ports/blobStore.ts';
import { loadTopicSpecs } from '../../src/topics.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const MIB = 1024 * 1024;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe(`JournalBlobs, seed ${seed}`, () => {
  const random = seededRandom(seed);
  const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() * 256);
  let root: string;
  let broker: SimulatedBroker;
  let opened: JournalBlobs[];

  beforeEach(async () => {
    root = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-blobs-'));
    broker = new SimulatedBroker();
    opened = [];
    await broker.connect().ensureTopics(loadTopicSpecs());
  });

  afterEach(async () => {
    for (const blobs of opened) await blobs[Symbol.asyncDispose]();
    await fs.rm(root, { recursive: true, force: true });
  });

  const channels = () => openChannels(broker.connect(), { topics: loadTopicSpecs(), source: 'test' });

  async function open(folder: string, over: Partial<JournalBlobsOptions> = {}): Promise<JournalBlobs> {
    const blobs = await JournalBlobs.open({
      channels: channels(),
      folder: path.join(root, folder),
      clock: systemClock,
      ids: systemIds,
      logger: quiet,
      ...over,
    });
    opened.push(blobs);
    return blobs;
  }

  async function uploads(): Promise<number> {
    return (await channels().offsets('artifacts', 0)).end;
  }

  async function expectFetched(blobs: JournalBlobs, bytes: Uint8Array): Promise<string> {
    const file = await blobs.fetch(hashOf(bytes));
    expect(Buffer.compare(await fs.readFile(file), bytes)).toBe(0);
    return file;
  }

  it('carries 3 MiB from one process to another', async () => {
    const bytes = bytesOf(3 * MIB);
    const receiver = await open('tm');
    const fetching = expectFetched(receiver, bytes);
    expect(await (await open('client')).put('job.ts', bytes)).toBe(hashOf(bytes));
    const file = await fetching;
    expect(path.extname(file)).toBe('.mjs');
    // Nothing else is left in the folder.
    expect(await fs.readdir(path.join(root, 'tm'))).toEqual([path.basename(file)]);
    await expectFetched(await open('late'), bytes);
  });

  it('carries an empty blob and many small ones at a time', async () => {
    const blobs = [new Uint8Array(), ...Array.from({ length: 30 }, (_, index) => bytesOf(index + 1))];
    const client = await open('client');
    const receiver = await open('tm');
    await Promise.all(blobs.map((bytes) => client.put('job.ts', bytes)));
    await Promise.all(blobs.map((bytes) => expectFetched(receiver, bytes)));
  });

  it('uploads what the topic holds already only once', async () => {
    const bytes = bytesOf(MIB);
    const client = await open('client');
    await client.put('job.ts', bytes);
    await expectFetched(await open('tm'), bytes);
    const before = await uploads();
    const other = await open('other');
    await expectFetched(other, bytes);
    await other.put('job.ts', bytes);
    expect(await uploads()).toBe(before);
  });

  it('reads a damaged file again, found at the start or later', async () => {
    const bytes = bytesOf(2 * MIB);
    const client = await open('client');
    await client.put('job.ts', bytes);
    const file = await expectFetched(await open('tm'), bytes);
    await fs.writeFile(file, bytes.subarray(0, 1_000));
    const restarted = await open('tm');
    await expectFetched(restarted, bytes);
    const damaged = Uint8Array.from(bytes);
    damaged[MIB] = ~(damaged[MIB] ?? 0);
    await fs.writeFile(file, damaged);
    await fs.utimes(file, new Date(), new Date(Date.now() + 5_000));
    await expectFetched(restarted, bytes);
    await fs.rm(file);
    await expectFetched(restarted, bytes);
  });

  it('says so when there is no such blob, within its wait', async () => {
    const blobs = await open('tm', { fetchTimeoutMs: 60 });
    const missing = hashOf(bytesOf(10));
    await expect(blobs.fetch(missing)).rejects.toThrow(BlobNotFound);
    await expect(blobs.fetch(missing)).rejects.toThrow(/within 60 ms: submit the job again/);
    await expect(blobs.fetch('../../etc/passwd')).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
  });

  it('takes no part for another, and no blob without its hash', async () => {
    const bytes = bytesOf(100);
    const sha256 = hashOf(bytes);
    const forged = (part: number, parts: number, content: Uint8Array, hash = sha256) => ({
      key: `${hash}/${part}`,
      message: { type: 'ArtifactPart', sha256: hash, name: 'forged', part, parts, bytes: content } as const,
    });
    const writer = channels();
    const blobs = await open('tm', { fetchTimeoutMs: 500 });
    await writer.append('artifacts', [forged(0, 1, bytesOf(100))]);
    await writer.append('artifacts', [forged(0, 2, bytesOf(50))]);
    await writer.append('artifacts', [forged(7, 2, bytesOf(50))]);
    await writer.append('artifacts', [forged(0, 2 ** 31 - 1, bytesOf(50))]);
    await writer.append('artifacts', [forged(0, 1, bytes, '../../evil')]);
    await expect(blobs.fetch(sha256)).rejects.toThrow(BlobNotFound);
    // The second half comes first and twice, and what was forged does not stand in the way.
    for (const part of [1, 1, 0]) {
      await writer.append('artifacts', [forged(part, 2, bytes.subarray(part * 50, part * 50 + 50))]);
    }
    await expectFetched(blobs, bytes);
  });

  it('keeps its folder within its bound, and reads again what went', async () => {
    let skewMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skewMs };
    const blobs = await open('tm', { clock, maxCacheBytes: 3 * MIB });
    const client = await open('client');
    const stored: Uint8Array[] = [];
    for (let index = 0; index < 6; index++) {
      const bytes = bytesOf(MIB);
      stored.push(bytes);
      await client.put('job.ts', bytes);
      await expectFetched(blobs, bytes);
      // Past the time in which it is spared.
      skewMs += 60_000;
    }
    expect(await fs.readdir(path.join(root, 'tm'))).toHaveLength(3);
    const [first] = stored;
    if (first !== undefined) await expectFetched(blobs, first);
  });

  it('ends the waits of those who fetch when it is closed', async () => {
    const blobs = await open('tm');
    const fetching = expect(blobs.fetch(hashOf(bytesOf(10)))).rejects.toThrow('closed');
    await blobs[Symbol.asyncDispose]();
    await fetching;
  });
});
