// The beginning of a JobID: enough where one job has it, listed where several do.
import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/cliError.ts';
import { checkJobId, matchJobId } from '../../src/cli/jobIds.ts';

const id = (start: string, fill = '0') => start.padEnd(32, fill);
const jobs = ['ab1', 'ab2', 'c'].map((start) => ({ jobId: id(start), name: `job ${start}`, state: 'RUNNING' }));

function refused(action: () => unknown): CliError {
  try {
    action();
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error('It was not refused.');
}

describe('a JobID', () => {
  it('may be cut short as long as one job has it', () => {
    expect(matchJobId('c', jobs)).toBe(id('c'));
    expect(matchJobId('ab2', jobs)).toBe(id('ab2'));
    expect(matchJobId(id('ab1'), jobs)).toBe(id('ab1'));
    expect(matchJobId('d', jobs)).toBeNull();
    expect(matchJobId(id('ab1', '1'), jobs)).toBeNull();
  });

  it('that several jobs may have lists them, each within a line of a terminal', () => {
    const { message, exitCode } = refused(() => matchJobId('ab', jobs));
    expect(exitCode).toBe(2);
    expect(message.split('\n')).toEqual([
      '2 jobs begin with "ab": give more of the JobID.',
      `  ${id('ab1')}  RUNNING  job ab1`,
      `  ${id('ab2')}  RUNNING  job ab2`,
    ]);
    const many = Array.from({ length: 30 }, (_, index) => ({
      ...jobs[0]!,
      jobId: id(`e${index}`),
      name: 'n'.repeat(500),
    }));
    const lines = refused(() => matchJobId('e', many)).message.split('\n');
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('  … and 22 more');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(72);
  });

  it.each(['', 'job', 'ABC', '0x1', `${id('a')}b`, '../..', 'x'.repeat(2 ** 20)])('is not %.20s', (text) => {
    const { message, exitCode } = refused(() => checkJobId(text));
    expect(exitCode).toBe(2);
    expect(message).toContain('is no JobID');
    expect(message.length).toBeLessThan(200);
  });
});
