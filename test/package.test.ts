// What `npm pack` makes is what users install: every file that package.json promises is in it, and a project that uses it type-checks against
// its declarations alone.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../src/packageRoot.ts';

const TIMEOUT_MS = 120_000;
const run = promisify(execFile);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-package-'));
const installed = path.join(folder, 'node_modules', 'sluice');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: packageRoot });
  const [archive] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  fs.mkdirSync(path.dirname(installed), { recursive: true });
  await run('tar', ['-xzf', path.join(folder, archive!), '-C', folder]);
  fs.renameSync(path.join(folder, 'package'), installed);
  // Its dependencies, and the consumer's.
  for (const name of fs.readdirSync(path.join(packageRoot, 'node_modules'))) {
    const link = path.join(folder, 'node_modules', name);
    if (!name.startsWith('.') && !fs.existsSync(link))
      fs.symlinkSync(path.join(packageRoot, 'node_modules', name), link);
  }
}, TIMEOUT_MS);

async function typeCheck(source: string): Promise<string> {
  fs.writeFileSync(path.join(folder, 'job.ts'), source);
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', strict: true, noEmit: true },
    ...{ skipLibCheck: true, types: ['node'] },
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['job.ts'] }));
  const tsc = path.join(packageRoot, 'node_modules', '.bin', 'tsc');
  return run(tsc, ['-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

describe('the package', () => {
  it('holds every file that its exports and its command name', () => {
    const { bin, exports } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
    const named: string[] = [bin.sluice];
    for (const entry of Object.values(exports as Record<string, Record<string, string>>))
      named.push(entry.types!, entry.default!);
    expect(named.filter((file) => !fs.existsSync(path.join(installed, file)))).toEqual([]);
  });

  it('holds the web UI, every file that its page loads', () => {
    const page = fs.readFileSync(path.join(installed, 'dist', 'ui', 'index.html'), 'utf8');
    const loaded = [...page.matchAll(/(?:href|src)="assets\/([^"]+)"/g)].map(([, name]) => name!);
    expect(loaded.map((name) => path.extname(name)).sort()).toEqual(['.css', '.js', '.svg']);
    expect(loaded.filter((name) => !fs.existsSync(path.join(installed, 'dist', 'ui', name)))).toEqual([]);
  });

  it('lets a job and a client of its be type-checked', { timeout: TIMEOUT_MS }, async () => {
    const problems = await typeCheck(`
      import { StreamExecutionEnvironment } from 'sluice';
      import { connect, type ClusterConnection } from 'sluice/client';
      export default async function main() {
        const env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSequence(1, 10).map((n) => n.toFixed(1)).filter((text) => text.length > 3).print();
        await env.execute('checked');
      }
      export const open: () => Promise<ClusterConnection> = () => connect({ dir: '.' });
    `);
    expect(problems).toBe('');
  });

  it('tells a job of a wrong type', { timeout: TIMEOUT_MS }, async () => {
    const problems = await typeCheck(`
      import { StreamExecutionEnvironment } from 'sluice';
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.fromSequence(1, 10).map((n) => n.toUpperCase());
    `);
    expect(problems).toContain("Property 'toUpperCase' does not exist on type 'number'");
  });
});
