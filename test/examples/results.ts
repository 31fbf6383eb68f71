// What an example wrote: its files, as records in an order of their own, for comparison with what a plain computation over the same data gives.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { linesOf } from '../e2e/output.ts';

/** Of the generators; printed in the names of the tests. */
export const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());

/** Runs an example in this process and gives the folder that it was told to write to, which goes when the process ends. */
export async function runExample(main: (args: string[]) => Promise<void>, ...args: string[]): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-example-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  await main([...args, '--output', folder, '--seed', String(seed)]);
  return folder;
}

/** The records of a file of JSON lines, sorted by all that they hold. */
export function recordsOf<T>(folder: string, file: string): T[] {
  return sorted(linesOf(path.join(folder, file)).map((line) => JSON.parse(line) as T));
}

export function sorted<T>(records: readonly T[]): T[] {
  return records
    .map((record) => [JSON.stringify(record), record] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([, record]) => record);
}
