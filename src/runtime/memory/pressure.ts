// How short a bounded thing is, as a level that does not flutter: a level is entered at one share of the bound and left only below a lower one.
// Pure; whoever measures calls it.

/** In order. `elevated`: caches shrink. `high`: what can be on disk goes there. */
export const PRESSURE_LEVELS = ['none', 'elevated', 'high'] as const;
export type PressureLevel = (typeof PRESSURE_LEVELS)[number];

/** Shares of the bound at which a level is entered, and below which it is left again. */
export const ELEVATED_AT = 0.7;
export const HIGH_AT = 0.85;
const LEFT_BELOW = 0.1;

export class PressureGauge {
  #level: PressureLevel = 'none';

  get level(): PressureLevel {
    return this.#level;
  }

  /** Takes the share of the bound that is in use; returns the level from now on. */
  update(share: number): PressureLevel {
    const entered = share >= HIGH_AT ? 'high' : share >= ELEVATED_AT ? 'elevated' : 'none';
    const kept = share >= HIGH_AT - LEFT_BELOW ? 'high' : share >= ELEVATED_AT - LEFT_BELOW ? 'elevated' : 'none';
    // Between the two shares of a level it stays what it was, but never above what it would be kept at.
    this.#level = highest(entered, lowest(this.#level, kept));
    return this.#level;
  }
}

export function highest(left: PressureLevel, right: PressureLevel): PressureLevel {
  return rankOf(left) >= rankOf(right) ? left : right;
}

export function rankOf(level: PressureLevel): number {
  return PRESSURE_LEVELS.indexOf(level);
}

function lowest(left: PressureLevel, right: PressureLevel): PressureLevel {
  return rankOf(left) <= rankOf(right) ? left : right;
}
