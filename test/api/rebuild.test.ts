// A bundled job, rebuilt as a slot does it: up to execute and no further, each job for itself, every way to fail with its code.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RebuildOptions, rebuildJob } from '../../src/api/rebuild.ts';
import { bundleJob } from '../../src/client/bundle.ts';
import { describeGraph } from './jobs.ts';

let dir: string;
let instances = 0;

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-rebuild-'));
});
afterAll(() => fs.rm(dir, { recursive: true, force: true }));

const PRELUDE = `import { StreamExecutionEnvironment } from 'sluice';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
`;

async function bundle(source: string): Promise<string> {
  const file = path.join(dir, `job${++instances}.ts`);
  await fs.writeFile(file, source);
  const { bytes } = await bundleJob(file, { baseDir: '/base' });
  await fs.writeFile(`${file}.mjs`, bytes);
  return `${file}.mjs`;
}

function rebuild(bundlePath: string, options: Partial<RebuildOptions> = {}) {
  return rebuildJob({ bundlePath, args: [], parallelism: 2, instance: `test-${++instances}`, ...options });
}

describe('a rebuilt job', () => {
  it('is the graph that its top level built, with functions that run', async () => {
    const job = await rebuild(
      await bundle(`${PRELUDE}env.fromElements(1, 2).map((n) => n + 1).print();\nawait env.execute('top');`),
    );
    expect(job.name).toBe('top');
    expect(describeGraph(job)).toMatchInlineSnapshot(`
      "0: Source: Collection Source (p=1, max=128)
      1: Map -> Sink: Print to Std. Out (p=2, max=128) <- 0 REBALANCE"
    `);
    const { spec } = job.vertices[1]!.head;
    expect(spec.type === 'map' && (spec.fn as (value: number) => number)(41)).toBe(42);
  });

  it('is the graph that main(args) built, relative paths starting at the client', async () => {
    const source = `import { StreamExecutionEnvironment } from 'sluice';
      export default async function main(args: string[]) {
        const env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.readTextFile(args[0]!).print();
        await env.execute(args.join(' '));
      }`;
    const job = await rebuild(await bundle(source), { args: ['in.txt', 'x'], parallelism: 3 });
    expect(job.name).toBe('in.txt x');
    expect(job.graph.vertices[0]!.parallelism).toBe(3);
    expect(job.vertices[0]!.head.spec).toMatchObject({ type: 'textFileSource', path: path.resolve('/base/in.txt') });
  });

  it('stays at execute: nothing after it runs, and main is not called as well', async () => {
    const job = await rebuild(
      await bundle(`${PRELUDE}
        const ran: string[] = (globalThis as any).ran = [];
        env.fromElements(1).print();
        await env.execute('once');
        ran.push('after');
        export default function main() { ran.push('main'); }`),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(job.name).toBe('once');
    expect((globalThis as { ran?: unknown }).ran).toEqual([]);
  });

  it('may be built by work that the module did not wait for', async () => {
    const job = await rebuild(
      await bundle(`${PRELUDE}setTimeout(() => { env.fromElements(1).print(); void env.execute('late'); }, 5);`),
    );
    expect(job.name).toBe('late');
  });

  it('is a module of its own each time, also when many are rebuilt at once', async () => {
    const source = `import { StreamExecutionEnvironment } from 'sluice';
      let built = 0;
      await new Promise((resolve) => setTimeout(resolve, 1));
      export default async function main([name, wait]: string[]) {
        await new Promise((resolve) => setTimeout(resolve, Number(wait)));
        const env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSequence(1, 2).print();
        await env.execute(name + ' ' + ++built + ' ' + env.getParallelism());
      }`;
    const bundlePath = await bundle(source);
    const jobs = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        rebuild(bundlePath, { args: [`job-${i}`, String((i * 7) % 5)], parallelism: i + 1 }),
      ),
    );
    expect(jobs.map(({ name }) => name)).toEqual(jobs.map((_, i) => `job-${i} 1 ${i + 1}`));
    expect(jobs.map(({ graph }) => graph.vertices[0]!.parallelism)).toEqual(jobs.map((_, i) => i + 1));
  });

  it('has the hash that it is expected to have', async () => {
    const bundlePath = await bundle(`${PRELUDE}env.fromSequence(1, 2).print();\nawait env.execute('x');`);
    const { graph } = await rebuild(bundlePath);
    expect((await rebuild(bundlePath, { expectedHash: graph.hash })).graph).toEqual(graph);
    await expect(rebuild(bundlePath, { expectedHash: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'NOT_DETERMINISTIC',
    });
  });
});

describe('a module that fails', () => {
  const failureOf = async (source: string, options: Partial<RebuildOptions> = {}) =>
    rebuild(await bundle(source), options).then(
      () => expect.fail('The job was rebuilt.'),
      (error) => error,
    );

  it('by throwing shows the frames of its own code', async () => {
    const error = await failureOf(`${PRELUDE}
      function settings(): never {
        throw new TypeError('no settings');
      }
      export default () => settings();`);
    expect(error).toMatchObject({ code: 'THREW' });
    // The test runner maps no foreign modules: test/client/plan.test.ts sees the lines of the source.
    expect(error.message).toMatch(
      /^job\d+\.ts threw while its graph was built: TypeError: no settings \(at settings \(.*job\d+/,
    );
    expect(error.userStack.split('\n')).toHaveLength(3);
  });

  it.each([
    ['THREW', `throw 'text';`],
    ['THREW', 'env.fromElements(1).setParallelism(2);'],
    ['THREW', "void env.execute('nothing');"],
    ['THREW', "env.fromElements(1).print(); void env.execute('a'); throw new Error('after');"],
    ['EXECUTE_TWICE', "env.fromElements(1).print(); void env.execute('a'); void env.execute('b');"],
    ['TIMED_OUT', 'await new Promise(() => {});'],
  ])('is %s: %s', async (code, source) => {
    expect(await failureOf(PRELUDE + source, { timeoutMs: 300 })).toMatchObject({ name: 'JobModuleError', code });
  });

  it('by ending without execute says what to do', async () => {
    const error = await failureOf(`${PRELUDE}env.fromElements(1).print();`);
    expect(error).toMatchObject({ code: 'NEVER_EXECUTED' });
    expect(error.message).toContain('await env.execute(');
  });

  it('by not being there, or by being no bundle', async () => {
    await expect(rebuild(path.join(dir, 'none.mjs'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    const plain = path.join(dir, 'plain.mjs');
    await fs.writeFile(plain, 'export default 1;\n');
    await expect(rebuild(plain)).rejects.toThrow(/no job bundle/);
    await fs.writeFile(plain, '// sluice-job {"version":99}\n');
    await expect(rebuild(plain)).rejects.toThrow(/format 99/);
  });
});
