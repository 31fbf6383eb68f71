// Bundling: one self-contained module, the same bytes for the same sources, and errors that show the line.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildJob } from '../../src/api/rebuild.ts';
import { type BundleOptions, bundleJob } from '../../src/client/bundle.ts';

let dir: string;
let elsewhere: string;
let instances = 0;

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-bundle-'));
  elsewhere = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-slot-'));
});
afterAll(() => Promise.all([dir, elsewhere].map((folder) => fs.rm(folder, { recursive: true, force: true }))));

async function write(files: Record<string, string>): Promise<string> {
  const folder = await fs.mkdtemp(path.join(dir, 'p-'));
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await fs.writeFile(path.join(folder, name), text);
  }
  return folder;
}

/** Bundles a job, takes the bundle to another folder and rebuilds it there; the name that it executes under is what it computed. */
async function nameOf(files: Record<string, string>, entry = 'job.ts'): Promise<string> {
  const { bytes } = await bundleJob(path.join(await write(files), entry));
  const bundlePath = path.join(elsewhere, `${++instances}.mjs`);
  await fs.writeFile(bundlePath, bytes);
  return (await rebuildJob({ bundlePath, args: [], parallelism: 1, instance: 'test' })).name;
}

const job = (expression: string, imports = ''): string => `${imports}
import { StreamExecutionEnvironment } from 'sluice';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromElements(1).print();
await env.execute(String(${expression}));
`;

describe('a bundle', () => {
  it('holds what the job imports: files, tsconfig paths, ES and CommonJS packages', async () => {
    const files = {
      'job.ts': job(
        'one + two + three + four + five',
        `import { one } from './one.ts'; import { two } from '@lib/two'; import { three } from 'esm'; import { four } from 'cjs'; const five: number = 5;`,
      ),
      'one.ts': 'export const one: number = 1;',
      'lib/two.ts': 'export const two = 2;',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
      'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
      'node_modules/esm/index.js': 'export const three = 3;',
      'node_modules/cjs/package.json': '{ "main": "index.js" }',
      'node_modules/cjs/index.js': `'use strict'; const path = require('node:path'); exports.four = path.basename(__dirname) === 'cjs' ? 4 : 0;`,
    };
    expect(await nameOf(files)).toBe('15');
  });

  it('takes JavaScript too, and lets the job have a require of its own', async () => {
    const imports = `import { createRequire } from 'node:module'; import cjs from './dep.cjs'; const require = createRequire(import.meta.url);`;
    const files = {
      'job.mjs': job('require("./data.json").value + cjs', imports),
      'data.json': '{"value":1}',
      'dep.cjs': `module.exports = require('os').EOL.length && 2;`,
    };
    expect(await nameOf(files, 'job.mjs')).toBe('3');
  });

  it('knows where its sources lay', async () => {
    const files = {
      'job.ts': job(
        `[fs.readFileSync(new URL('./data.txt', import.meta.url), 'utf8'), path.basename(import.meta.filename), sub].join()`,
        `#!/usr/bin/env tsx\nimport fs from 'node:fs'; import path from 'node:path'; import { sub } from './sub/sub.ts';`.trim(),
      ).trimStart(),
      'sub/sub.ts': `import path from 'node:path'; export const sub = path.basename(import.meta.dirname);`,
      'data.txt': 'data',
    };
    expect(await nameOf(files)).toBe('data,job.ts,sub');
  });

  it('has the same bytes for the same sources, and other bytes for another base folder', async () => {
    const file = path.join(await write({ 'job.ts': job('1') }), 'job.ts');
    const bundle = (options?: BundleOptions) => bundleJob(file, options);
    const [one, two] = await Promise.all([bundle(), bundle()]);
    expect(two).toEqual(one);
    expect(one.name).toBe('job.ts');
    expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await bundle({ baseDir: '/other' })).sha256).not.toBe(one.sha256);
  });

  it('does not run outside a cluster', async () => {
    const { bytes } = await bundleJob(path.join(await write({ 'job.ts': job('1') }), 'job.ts'));
    const api = Symbol.for('sluice.api');
    const file = path.join(elsewhere, 'alone.mjs');
    await fs.writeFile(file, Buffer.from(bytes).toString().replace('sluice.api', 'no.api'));
    expect(api in globalThis).toBe(true);
    await expect(import(/* @vite-ignore */ file)).rejects.toThrow(/runs on a cluster only/);
  });
});

describe('a job that cannot be bundled', () => {
  const failureOf = async (files: Record<string, string>) =>
    bundleJob(path.join(await write(files), 'job.ts')).then(
      () => expect.fail('It was bundled.'),
      (error) => error,
    );

  it('shows file, line, column and text of a syntax error', async () => {
    const error = await failureOf({ 'job.ts': 'const a = 1;\n  const = 2;\n' });
    expect(error).toMatchObject({ name: 'JobModuleError', code: 'DOES_NOT_COMPILE' });
    expect(error.message).toMatch(
      /job\.ts does not compile:\n {2}.*job\.ts:2:9: Expected identifier but found "="\n {4}const = 2;/,
    );
  });

  it('names the import that is not there, and an export that sluice lacks', async () => {
    expect((await failureOf({ 'job.ts': "import x from 'no-such-package';\nconsole.log(x);" })).message).toMatch(
      /job\.ts:1:15: Could not resolve "no-such-package"/,
    );
    expect((await failureOf({ 'job.ts': "import { nothing } from 'sluice';\nconsole.log(nothing);" })).message).toMatch(
      /No matching export .* for import "nothing"/,
    );
  });

  it('names a native addon', async () => {
    const error = await failureOf({
      'job.ts': "import addon from './addon.node';\nconsole.log(addon);",
      'addon.node': '',
    });
    expect(error.message).toMatch(/native addon \.\/addon\.node .*job\.ts\) cannot be part of a job bundle/);
  });

  it('shows at most five errors', async () => {
    const error = await failureOf({
      'job.ts': Array.from({ length: 8 }, (_, i) => `import './missing${i}';`).join('\n'),
    });
    expect(error.message.match(/Could not resolve/g)).toHaveLength(5);
    expect(error.message).toContain('… and 3 more');
  });

  it('says that a file is not there, or is none', async () => {
    await expect(bundleJob(path.join(dir, 'none.ts'))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: /does not exist/,
    });
    await expect(bundleJob(dir)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: /is no file/ });
  });
});
