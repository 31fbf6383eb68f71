// How much processor time processes have had. On a busy machine it says more than the clock: others slow a process down, but hardly make it work more.
import fs from 'node:fs';

/** Of /proc: fixed at 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system time of the processes together, threads that have ended included; null where there is no /proc to tell. */
export function cpuSeconds(pids: readonly number[]): number | null {
  if (process.platform !== 'linux') return null;
  let ticks = 0;
  for (const pid of pids) {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the command, which may hold anything, blanks and brackets included: state is the third field, times are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}
