// One temporary folder for everything that a run of the tests makes. When the run is over it goes, with the processes that were started in it and the
// file systems that are mounted there, even where the run was killed. A process or a mount that a test left behind is an error of the run.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Waits for its standard input to end, which is when the run does. The folder's name is in the command line of whatever was started in it. */
const SWEEPER = `cat >/dev/null
for file in $(grep -lF "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
  pid=\${file#/proc/}; pid=\${pid%/cmdline}
  [ "$pid" = $$ ] || kill -9 "$pid" 2>/dev/null
done
for mounted in $(grep -F " $1/" /proc/mounts 2>/dev/null | cut -d' ' -f2); do umount -l "$mounted"; done
rm -rf "$1"`;

export default async function setup(): Promise<() => Promise<void>> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-tests-'));
  // A group of its own: Ctrl-C at the terminal must not end it before its work is done.
  const sweeper = spawn('/bin/sh', ['-c', SWEEPER, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  await once(sweeper, 'spawn');
  sweeper.unref();
  // Of this process and all that it starts.
  process.env.TMPDIR = folder;
  return async () => {
    const left = [...processesIn(folder, sweeper), ...mountsIn(folder)];
    const swept = once(sweeper, 'exit');
    sweeper.ref();
    sweeper.stdin!.end();
    await swept;
    if (left.length === 0) return;
    console.error(`TESTS HAVE LEFT BEHIND:\n${left.join('\n')}`);
    // An error that is thrown here vitest would only tell.
    process.exitCode = 1;
  };
}

function processesIn(folder: string, sweeper: ChildProcess): string[] {
  if (!fs.existsSync('/proc')) return [];
  return fs
    .readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== sweeper.pid)
    .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`)
    .filter((line) => line.includes(folder));
}

function mountsIn(folder: string): string[] {
  return textOf('/proc/mounts')
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`));
}

/** Empty where it is gone by now, or never was. */
function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
