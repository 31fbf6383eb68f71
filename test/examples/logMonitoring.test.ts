// Log monitoring against a plain computation over the same requests, from its generator and from files.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessLogLine } from '../../examples/generators/accessLog.ts';
import main from '../../examples/logMonitoring.ts';
import { linesOf } from '../e2e/output.ts';
import { expectLogMonitoring } from './logMonitoringExpectation.ts';
import { runExample, seed } from './results.ts';

/** Twenty-five minutes: troubles in two rounds, or three. */
const COUNT = 30_000;

describe(`log monitoring (SEED=${seed})`, () => {
  it('finds what there is in the generated lines', async () => {
    // So slow that windows fire while their neighbours' lines still come, which they do out of order.
    const folder = await runExample(main, '--count', String(COUNT), '--rate', '15000');
    expectLogMonitoring(folder, seed, COUNT);
    expect(linesOf(path.join(folder, 'alerts.jsonl')).length).toBeGreaterThanOrEqual(4);
    expect(linesOf(path.join(folder, 'malformed.txt')).length).toBeGreaterThan(0);
  });

  it('finds the same in a file', async () => {
    const lines = Array.from({ length: COUNT }, (_, index) => accessLogLine(seed, index));
    const log = path.join(await runExample(main, '--count', '1'), 'access.log');
    fs.writeFileSync(log, `${lines.join('\n')}\n`);
    expectLogMonitoring(await runExample(main, '--input', log), seed, COUNT);
  });

  it('refuses arguments that it cannot use', async () => {
    await expect(main(['--rate', 'fast'])).rejects.toThrow("--rate takes a number of at least 0.001, not 'fast'.");
    await expect(main(['--speed', '5'])).rejects.toThrow("Unknown option '--speed'");
  });
});
