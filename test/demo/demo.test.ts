// What the demo measures with must itself be right: the count that the stream is compared to, and the pauses of the output.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOutput, collectCorpus } from '../../src/demo/corpus.ts';
import { OutputWatch } from '../../src/demo/outputWatch.ts';

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-demo-test-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('the demo’s count', () => {
  it('takes Markdown and licences, and counts as the example does', () => {
    fs.mkdirSync(path.join(folder, 'source', 'package'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'source', 'package', 'README.md'), "Don't stop.\nSTOP, don't!\n");
    fs.writeFileSync(path.join(folder, 'source', 'LICENSE'), 'stop\n\n');
    fs.writeFileSync(path.join(folder, 'source', 'index.js'), 'not text\n');
    const corpus = collectCorpus(path.join(folder, 'source'), path.join(folder, 'text'), 6);
    expect(corpus).toMatchObject({ files: 2, words: 5 });
    expect(corpus.counts).toEqual(
      new Map([
        ["don't", 2],
        ['stop', 3],
      ]),
    );
    expect(() => collectCorpus(path.join(folder, 'source'), path.join(folder, 'more'), 600)).toThrow(/only \d+ lines/);
  });

  it('finds a lost, a repeated, an invented and a wandering word', () => {
    const expected = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    const check = (...files: string[][]) => {
      const paths = files.map((lines, index) => {
        const file = path.join(folder, String(index));
        fs.writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
        return file;
      });
      return checkOutput(paths, expected).wrong;
    };
    expect(check(['["a",1]', '["a",2]'], ['["b",1]'])).toEqual([]);
    expect(check(['["a",1]'], ['["b",1]'])).toEqual(['a']);
    expect(check(['["a",1]', '["a",2]', '["a",2]', '["b",1]'])).toEqual(['a']);
    expect(check(['["a",1]', '["a",2]', '["b",1]', '["c",1]'])).toEqual(['c']);
    expect(check(['["a",1]', '["b",1]'], ['["a",1]'])).toEqual(['a']);
    expect(() => check(['nonsense'])).toThrow(/no \(word,count\)/);
  });
});

describe('the demo’s watch', () => {
  it('finds the pause of one file while another grows', async () => {
    const [busy, idle] = [path.join(folder, '1'), path.join(folder, '2')];
    const watch = new OutputWatch(folder);
    const written: number[] = [];
    const writing = setInterval(() => {
      fs.appendFileSync(busy, 'x\n');
      written.push(performance.now());
    }, 10);
    fs.appendFileSync(idle, 'x\n');
    const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await rest(100);
    fs.appendFileSync(idle, 'x\n');
    const pauseBeganMs = performance.now();
    await rest(300);
    const pauseEndedMs = performance.now();
    fs.appendFileSync(idle, 'x\n');
    await rest(50);
    clearInterval(writing);
    watch.stop();
    const [longest, second] = watch.pauses(pauseBeganMs + 50, pauseBeganMs + 250);
    // On a busy machine this process, too, rests for a while.
    const restMs = Math.max(...written.slice(1).map((at, index) => at - written[index]!));
    expect(longest).toBeGreaterThanOrEqual(pauseEndedMs - pauseBeganMs - 1);
    expect(longest).toBeLessThan(pauseEndedMs - pauseBeganMs + restMs + 50);
    expect(second).toBeLessThan(2 * restMs + 50);
    expect(watch.bytesPerLine).toBe(2);
    expect(watch.files.map((file) => path.basename(file)).sort()).toEqual(['1', '2']);
  });

  it('counts an output that stopped for good as a pause to the end', async () => {
    fs.writeFileSync(path.join(folder, '1'), 'x\n');
    const watch = new OutputWatch(folder);
    const startMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 150));
    watch.stop();
    expect(watch.pauses(startMs, startMs + 140)[0]).toBeGreaterThan(100);
  });
});
