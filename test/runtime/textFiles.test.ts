// readTextFile gives every line exactly once however files are split; writeAsText writes each attempt's lines afresh.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listFiles, splitsOf } from '../../src/runtime/fileSplits.ts';
import { LineReader } from '../../src/runtime/lineReader.ts';
import { range, TestCluster, testJob } from './testCluster.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-text-'));
});
afterAll(() => fs.rm(folder, { recursive: true }));

async function fileWith(text: string | Buffer): Promise<string> {
  const file = path.join(folder, `file-${files++}`);
  await fs.writeFile(file, text);
  return file;
}

async function linesOf(file: string, start: number, end: number): Promise<string[]> {
  let arrived = (_: unknown): void => {};
  const reader = await LineReader.open({ path: file, start, end }, (error) => arrived(error));
  const lines: string[] = [];
  for (;;) {
    const next = new Promise((resolve) => {
      arrived = resolve;
    });
    const line = reader.next();
    if (line !== null) lines.push(line);
    else if (reader.ended) break;
    else expect(await next).toBeNull();
  }
  await reader.close();
  return lines;
}

/** As a Java BufferedReader has it, but for a lone CR. */
function reference(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (text === '' || text.endsWith('\n')) lines.pop();
  return lines;
}

describe('LineReader', () => {
  it('gives each line to exactly one of the ranges', async () => {
    const line = fc.oneof(
      fc.constantFrom('', 'a', 'häßlich', '水 🌊', '\r'),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 12 }),
        line,
        fc.array(fc.nat(200), { maxLength: 4 }),
        async (ended, last, cuts) => {
          const text =
            ended.map(([content, end]) => content.replaceAll('\n', '') + end).join('') + last.replaceAll('\n', '');
          const file = await fileWith(text);
          const size = Buffer.byteLength(text);
          const borders = [0, ...cuts.filter((cut) => cut < size).sort((a, b) => a - b), Number.MAX_SAFE_INTEGER];
          const lines: string[] = [];
          for (let i = 1; i < borders.length; i++) {
            if (borders[i - 1]! < borders[i]!) lines.push(...(await linesOf(file, borders[i - 1]!, borders[i]!)));
          }
          expect(lines).toEqual(reference(text));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reads over the borders of its chunks', async () => {
    // Characters of two to four bytes and lines of odd lengths fall on every border; one line is longer than a chunk.
    const text = `${range(40_000)
      .map((i) => `${'é水🌊'.repeat(i % 4)}${i}`)
      .join('\r\n')}\n${'🌊'.repeat(200_000)}\nend`;
    const file = await fileWith(text);
    expect(await linesOf(file, 0, Number.MAX_SAFE_INTEGER)).toEqual(reference(text));
    const size = Buffer.byteLength(text);
    const third = Math.floor(size / 3);
    const parts = await Promise.all([
      linesOf(file, 0, third),
      linesOf(file, third, 2 * third),
      linesOf(file, 2 * third, size),
    ]);
    expect(parts.flat()).toEqual(reference(text));
  });

  it('refuses a file without lines before it fills the memory', { timeout: 20_000 }, async () => {
    const file = path.join(folder, 'zeros');
    const handle = await fs.open(file, 'w');
    await handle.truncate(80 * 1024 * 1024);
    await handle.close();
    await expect(linesOf(file, 0, Number.MAX_SAFE_INTEGER)).rejects.toThrow('is it a text file?');
  });
});

describe('splits', () => {
  it('deal out every byte of every file once', async () => {
    const root = path.join(folder, 'tree');
    await fs.mkdir(path.join(root, 'sub/.hidden'), { recursive: true });
    for (const name of ['b', 'a', 'sub/c', '.ignored', '_temporary', 'sub/.hidden/d', 'empty']) {
      await fs.writeFile(path.join(root, name), name === 'empty' ? '' : name);
    }
    const found = await listFiles('Source', root);
    expect(found.map(({ name }) => name)).toEqual(['a', 'b', 'empty', 'sub/c']);
    const large = [{ path: '/x', name: 'x', size: 200 * 1024 * 1024 }, ...found];
    for (const parallelism of [1, 2, 3, 7]) {
      const splits = range(parallelism).flatMap((subtask) => splitsOf(large, subtask, parallelism));
      const bytes = splits.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(bytes).toBe(large.reduce((sum, { size }) => sum + size, 0));
      expect(new Set(splits.map(({ path, start }) => `${path}@${start}`)).size).toBe(splits.length);
    }
  });
});

describe('jobs over files', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.close());

  it.each([{ parallelism: 1 }, { parallelism: 3 }])(
    'copy a folder line by line at parallelism $parallelism',
    async ({ parallelism }) => {
      cluster = await TestCluster.start(1, parallelism, { threads: 1 });
      const input = path.join(folder, `in-${parallelism}`);
      await fs.mkdir(input);
      const expected: string[] = [];
      for (const i of range(5)) {
        const lines = range(i * 700).map((line) => `file ${i} line ${line} ${'x'.repeat(line % 90)}`);
        expected.push(...lines);
        await fs.writeFile(path.join(input, `part-${i}`), lines.map((line) => `${line}\n`).join(''));
      }
      const output = path.join(folder, `out-${parallelism}`);
      const job = await testJob('copyText.ts', parallelism, [input, output]);
      for (const attempt of [0, 1]) {
        cluster.deploy(job, { attempt });
        await cluster.all(job, 'FINISHED', { attempt });
      }
      const outputs =
        parallelism === 1 ? [output] : range(parallelism).map((subtask) => path.join(output, String(subtask + 1)));
      const written = await Promise.all(outputs.map((file) => fs.readFile(file, 'utf8')));
      expect(written.join('').split('\n').slice(0, -1).sort()).toEqual(expected.sort());
    },
  );

  it('split a single file', async () => {
    cluster = await TestCluster.start(2, 2, { threads: 1 });
    const lines = range(20_000).map((i) => `line ${i}`);
    const input = await fileWith(lines.join('\n'));
    const job = await testJob('copyText.ts', 4, [input, 'print']);
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    expect(
      cluster
        .lines()
        .map((line) => line.replace(/^\d> /, ''))
        .sort(),
    ).toEqual([...lines].sort());
    // Each subtask has had its part.
    expect(new Set(cluster.results.map(({ subtask }) => subtask)).size).toBe(4);
  });

  it('watch a folder for new files, each read once', async () => {
    cluster = await TestCluster.start(1, 2, { threads: 1 });
    const input = path.join(folder, 'watched');
    await fs.mkdir(input);
    await fs.writeFile(path.join(input, 'one'), 'first\n');
    const job = await testJob('copyText.ts', 2, [input, 'print', 'watch']);
    cluster.deploy(job);
    const lines = () =>
      cluster
        .lines()
        .map((line) => line.replace(/^\d> /, ''))
        .sort();
    await cluster.until('the first line', () => lines().includes('first'));
    await fs.writeFile(path.join(folder, 'staged'), 'second\nthird\n');
    await fs.rename(path.join(folder, 'staged'), path.join(input, 'two'));
    await cluster.until('the other lines', () => lines().length >= 3);
    expect(lines()).toEqual(['first', 'second', 'third']);
    cluster.cancel(job);
    await cluster.all(job, 'CANCELED');
  });

  it('name the path that is missing, or that cannot be written', async () => {
    cluster = await TestCluster.start(1, 1);
    const missing = path.join(folder, 'nowhere');
    const reading = await testJob('copyText.ts', 1, [missing, 'print']);
    cluster.deploy(reading);
    await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
    expect(cluster.reports[0]!.reason).toContain(`reads ${missing}, which does not exist on this machine`);
    const writing = await testJob('copyText.ts', 1, [await fileWith('x'), folder]);
    cluster.deploy(writing, { jobId: '9'.repeat(32) });
    await cluster.until(
      'a second failure',
      () => cluster.reports.filter(({ state }) => state === 'FAILED').length === 2,
    );
    expect(cluster.reports.at(-1)!.reason).toContain(`cannot write ${folder}: EISDIR`);
  });
});
