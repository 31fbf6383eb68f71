// Exactly once into files, whatever happens when (see sinkJob.ts): with parts that every barrier closes, and with parts that go on over checkpoints.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { FileSink, type FileSinkOptions } from '../../src/connectors/files/index.ts';
import { SinkJob } from './sinkJob.ts';

const seed = Number(process.env.SEED ?? randomBytes(3).readUIntBE(0, 3));
const JOBS = 12;
const STEPS = 60;
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-parts-'));
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

const policies: readonly Partial<FileSinkOptions<string>>[] = [
  {},
  { rollOnCheckpoint: false },
  { rollOnCheckpoint: false, maxPartBytes: 300, bucket: (record) => `b${Number(record) % 3}` },
  { rollOnCheckpoint: false, rolloverIntervalMs: 3, inactivityIntervalMs: 1 },
];

describe(`parts of files (SEED=${seed})`, () => {
  it.each(Array.from({ length: JOBS }, (_, job) => job))('hold each record once, job %i', async (number) => {
    const folder = path.join(base, String(number));
    const sink = new FileSink<string>({ path: folder, ...policies[number % policies.length] });
    const job = new SinkJob(sink, seededRandom(seed + number));
    await job.run(STEPS);
    const seen = fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .flatMap((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8').split('\n').slice(0, -1));
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: job.read }, (_, index) => index));
    await job.close();
  });
});
