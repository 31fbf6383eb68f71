// The batch against a plain computation over the same orders, generated and from the files that examples/generate.ts writes.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import main from '../../examples/etl.ts';
import { expectEtl } from './etlExpectation.ts';
import { runExample, seed } from './results.ts';

const examples = path.resolve(import.meta.dirname, '../../examples');

describe(`the batch (SEED=${seed})`, () => {
  it('loads, reports and rejects what was exported', async () => {
    const folder = await runExample(main, '--count', '10000');
    expect(expectEtl(folder, seed, 10_000)).toBeGreaterThan(0);
  });

  it('does the same with files', async () => {
    const input = path.join(await runExample(main, '--count', '1'), 'export');
    fs.mkdirSync(path.join(input, 'orders'), { recursive: true });
    const orders = generate('orders', 5_000).split('\n');
    fs.writeFileSync(path.join(input, 'orders', 'january.csv'), `${orders.slice(0, 2_000).join('\n')}\n`);
    fs.writeFileSync(path.join(input, 'orders', 'february.csv'), orders.slice(2_000).join('\n'));
    fs.writeFileSync(path.join(input, 'customers.csv'), generate('customers', 2_000));
    expectEtl(await runExample(main, '--input', input), seed, 5_000);
  });
});

function generate(what: string, count: number): string {
  const args = [path.join(examples, 'generate.ts'), what, '--count', String(count), '--seed', String(seed)];
  return execFileSync(process.execPath, ['--import', 'tsx', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
}
