// A job file under plain node: main(args) is called where the module exports one and has not executed a job itself.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let dir: string;

beforeAll(async () => {
  // Within the package, so that `sluice` resolves to it.
  dir = await fs.mkdtemp(path.join(root, 'test/api/.main-'));
});
afterAll(() => fs.rm(dir, { recursive: true, force: true }));

async function runPlain(source: string, ...args: string[]): Promise<string> {
  const file = path.join(dir, 'job.ts');
  await fs.writeFile(file, source);
  const node = ['--conditions=sluice-source', '--import', 'tsx', file, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 20_000, cwd: root });
  return stdout.trim();
}

describe('a job file under plain node', () => {
  it('gets its main(args) called, once, in the module that was loaded', async () => {
    const source = `import { StreamExecutionEnvironment } from 'sluice';
      let loads = 0;
      console.log('loaded', ++loads);
      export default async function main(args: string[]) {
        console.log('main', loads, args.join(), typeof StreamExecutionEnvironment);
      }`;
    expect(await runPlain(source, '--rate', '5')).toBe('loaded 1\nmain 1 --rate,5 function');
  });

  it('does not get it called where the top level has executed', async () => {
    const source = `import { StreamExecutionEnvironment } from 'sluice';
      await StreamExecutionEnvironment.getExecutionEnvironment().execute('empty').catch((error) => console.log(error.code));
      export default function main() { console.log('main'); }`;
    expect(await runPlain(source)).toBe('NO_OPERATORS');
  });

  it('fails where main fails', async () => {
    const source = `import 'sluice';\nexport default async function main() { throw new Error('from main'); }`;
    await expect(runPlain(source)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('from main') });
  });
});
