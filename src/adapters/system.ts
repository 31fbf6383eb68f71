// The real Clock and Ids. `monotonic` is the process's own, so its values mean nothing to another process; ids are random enough
// that two processes never make the same one.
import { randomBytes } from 'node:crypto';
import type { Clock, Ids, Timer } from '../ports/clock.ts';

/** setTimeout fires at once beyond this, so longer waits are made of several. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function after(delayMs: number, action: () => void): Timer {
  const waitMs = Math.max(0, delayMs);
  let timeout: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const partMs = Math.min(leftMs, MAX_TIMEOUT_MS);
    timeout = setTimeout(() => (leftMs > partMs ? arm(leftMs - partMs) : action()), partMs);
  };
  arm(waitMs);
  return { cancel: () => clearTimeout(timeout) };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
};

export const systemIds: Ids = {
  hex: (length) =>
    randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length),
};
