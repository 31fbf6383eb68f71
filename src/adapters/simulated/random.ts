// Chance from a seed: the same seed gives the same run. Nothing here is fit for secrets.
import type { Ids } from '../../ports/clock.ts';

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32: 32 bits of state, more than a simulation's few million draws need. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seededIds(random: Random): Ids {
  return {
    hex: (length) => {
      let text = '';
      while (text.length < length) text += Math.floor(random() * 16).toString(16);
      return text;
    },
  };
}
