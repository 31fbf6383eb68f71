// What a job wrote with writeAsText: the lines of its file, or of the files of its subtasks.
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

/** Lets the rest of a job's records come as fast as they are taken (jobs/held.ts). */
export function release(output: string): void {
  fs.writeFileSync(`${output}.released`, '');
}

/** None of a file that is not there, or no longer: a restored attempt hides it while it prepares it. */
export function linesOf(output: string): string[] {
  return filesOf(output).flatMap((file) => textOf(file).split('\n').filter(Boolean));
}

function filesOf(output: string): string[] {
  if (fs.statSync(output, { throwIfNoEntry: false })?.isDirectory())
    return fs
      .readdirSync(output)
      .filter((name) => !name.startsWith('.'))
      .map((name) => path.join(output, name));
  const folder = path.dirname(output);
  if (!fs.existsSync(folder)) return [];
  // One that began at parallelism 1 and was given more subtasks goes on beside its first file.
  return [
    output,
    ...fs
      .readdirSync(folder)
      .filter((name) => name.startsWith(`${path.basename(output)}.`) && /\.\d+$/.test(name))
      .map((name) => path.join(folder, name)),
  ];
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}

/** Of jobs/paced.ts: every number was written exactly once, and every key's count grew by one each time. */
export function expectPacedOutput(output: string, count: number): void {
  const lines = linesOf(output).map((line) => line.split(' ').map(Number) as [number, number]);
  expect(lines.map(([n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  const sums = new Map<number, number[]>();
  for (const [n, sum] of lines) sums.set(n % 100, [...(sums.get(n % 100) ?? []), sum]);
  for (const [key, ofKey] of sums) {
    expect([key, ...ofKey]).toEqual([key, ...ofKey.map((_, index) => index + 1)]);
  }
}

/** Of jobs/checkpointed.ts, whatever happened to it: each number once, and each key counted without a gap, wherever its subtask ran. */
export function expectExactlyOnce(output: string, count: number): void {
  const lines = linesOf(output).map((line) => line.split(' ').map(Number) as [number, number]);
  expect(lines.map(([n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  const sums = new Map<number, number[]>();
  for (const [n, sum] of lines) sums.set(n % 100, [...(sums.get(n % 100) ?? []), sum]);
  for (const [key, ofKey] of sums)
    expect([key, ...ofKey.sort((a, b) => a - b)]).toEqual([key, ...ofKey.map((_, index) => index + 1)]);
}
