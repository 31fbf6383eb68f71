// How much memory a process holds.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';

/** Resident set of a process, by /proc where there is one, else by ps. */
export async function residentMib(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1_024;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) / 1_024;
}
