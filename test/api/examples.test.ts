// The examples, bundled and planned as `sluice run` does it; WordCount's JobGraph as a text to review.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildJob } from '../../src/api/rebuild.ts';
import { bundleJob } from '../../src/client/bundle.ts';
import type { ExecutableJob } from '../../src/runtime/operatorSpec.ts';
import { describeGraph } from './jobs.ts';

const examples = path.resolve(import.meta.dirname, '../../examples');
let dir: string;

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-examples-'));
});
afterAll(() => fs.rm(dir, { recursive: true, force: true }));

async function plan(example: string, args: readonly string[] = []): Promise<ExecutableJob> {
  const { bytes, sha256 } = await bundleJob(path.join(examples, example), { baseDir: '/base' });
  const bundlePath = path.join(dir, `${sha256}.mjs`);
  await fs.writeFile(bundlePath, bytes);
  return rebuildJob({ bundlePath, args, parallelism: 2, instance: args.join() });
}

describe('the examples', () => {
  it('hello', async () => {
    expect(describeGraph(await plan('hello.ts'))).toMatchInlineSnapshot(`
      "0: Source: Collection Source (p=1, max=128)
      1: Map -> Sink: Print to Std. Out (p=2, max=128) <- 0 REBALANCE"
    `);
  });

  it('increment', async () => {
    expect(describeGraph(await plan('increment.ts'))).toMatchInlineSnapshot(
      `"0: Source: Sequence Source -> Map -> Sink: Print to Std. Out (p=2, max=128)"`,
    );
  });

  it('wordcount', async () => {
    expect(describeGraph(await plan('wordcount.ts'))).toMatchInlineSnapshot(`
      "0: Source: Collection Source (p=1, max=128)
      1: Split -> Map (p=2, max=128) <- 0 REBALANCE
      2: Count -> Sink: Print to Std. Out (p=2, max=128) <- 1 HASH"
    `);
  });

  it('wordcount of files, paced, into files', async () => {
    const job = await plan('wordcount.ts', ['--input', 'texts', '--output', 'counts', '--rate', '500', '--watch']);
    expect(describeGraph(job)).toMatchInlineSnapshot(`
      "0: Source: Text File -> Split -> Map (p=2, max=128)
      1: Count -> Sink: Text File (p=2, max=128) <- 0 HASH"
    `);
    expect(job.vertices[0]!.head.spec).toEqual({
      type: 'textFileSource',
      path: path.resolve('/base/texts'),
      watch: true,
      recordsPerSecond: 500,
    });
    const split = job.vertices[0]!.head.chained[0]!.node.spec;
    expect(
      split.type === 'flatMap' &&
        (split.fn as (line: string, out: () => void) => unknown)("It's naïve, isn't it?", () => {}),
    ).toEqual(["it's", 'naïve', "isn't", 'it']);
  });
});
