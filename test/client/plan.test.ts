// Planning runs a stranger's module in a real thread: whatever it does, the client gets an answer and goes on.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildJob } from '../../src/api/rebuild.ts';
import { bundleJob } from '../../src/client/bundle.ts';
import { type PlanOptions, planJob } from '../../src/client/plan.ts';

let dir: string;
let files = 0;

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-plan-'));
});
afterAll(() => fs.rm(dir, { recursive: true, force: true }));

const PRELUDE = `import { StreamExecutionEnvironment } from 'sluice';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
`;

async function options(source: string, settings: Partial<PlanOptions> = {}): Promise<PlanOptions> {
  const file = path.join(dir, `job${++files}.ts`);
  await fs.writeFile(file, source);
  const { bytes, name } = await bundleJob(file);
  await fs.writeFile(`${file}.mjs`, bytes);
  return { bundlePath: `${file}.mjs`, name, args: [], parallelism: 2, ...settings };
}

describe('planning', () => {
  it('gives name and graph, the same as a slot will build, and leaves timers of the module behind', async () => {
    const job = await options(
      `${PRELUDE}setInterval(() => {}, 1_000); env.fromSequence(1, 9).print(); await env.execute('nine');`,
    );
    const plan = await planJob(job);
    expect(plan.name).toBe('nine');
    const rebuilt = await rebuildJob({ ...job, instance: 'slot', expectedHash: plan.graph.hash });
    expect(rebuilt.graph).toEqual(plan.graph);
  });

  it('shows where in its source a module threw', async () => {
    const job = await options(`${PRELUDE}
      function settings(): never {
        throw new TypeError('no settings');
      }
      export default () => settings();`);
    const error = await planJob(job).then(
      () => expect.fail('It was planned.'),
      (reason) => reason,
    );
    const place = `${path.join(await fs.realpath(dir), job.name)}:5:15`;
    expect(error.message).toBe(
      `${job.name} threw while its graph was built: TypeError: no settings (at settings (${place}))`,
    );
    expect(error.userStack).toMatch(/^TypeError: no settings\n\s+at settings .*:5:15\)\n\s+at .*:7:28\)?$/);
  });

  it.each([
    ['THREW', 'a throw', "throw new Error('boom');"],
    [
      'THREW',
      'a rejection that nobody handles',
      "void Promise.reject(new Error('boom')); setInterval(() => {}, 1_000);",
    ],
    ['NEVER_EXECUTED', 'an end without execute', 'env.fromSequence(1, 9).print();'],
    ['NEVER_EXECUTED', 'a wait for nothing', 'await new Promise(() => {});'],
    ['NEVER_EXECUTED', 'process.exit', 'process.exit(0);'],
    ['TIMED_OUT', 'a loop that blocks', 'for (;;) {}'],
    ['TIMED_OUT', 'a timer without end', 'setInterval(() => {}, 1_000);'],
    [
      'OUT_OF_MEMORY',
      'an array without end',
      'const all: unknown[] = []; for (;;) all.push(new Array(1_000).fill(all.length));',
    ],
  ])('answers %s to %s', async (code, _what, source) => {
    const job = await options(PRELUDE + source, { timeoutMs: code === 'TIMED_OUT' ? 500 : 10_000, maxHeapMb: 64 });
    await expect(planJob(job)).rejects.toMatchObject({
      name: 'JobModuleError',
      code,
      message: expect.stringContaining(job.name),
    });
  });
});
