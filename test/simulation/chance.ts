// Chance for one purpose of a simulation. Each purpose has a stream of its own, so that a draw more in one leaves the others as they were
// and two runs that differ in one thing stay comparable.
import { type Random, seededRandom } from '../../src/adapters/simulated/random.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Longest pause, in means: a run is short, and one long silence would leave it empty. */
const LONGEST_PAUSE = 4;

export class Chance {
  /** Uniform in [0, 1). */
  readonly next: Random;

  constructor(seed: number, purpose: string) {
    let mixed = FNV_OFFSET ^ seed;
    for (let index = 0; index < purpose.length; index++)
      mixed = Math.imul(mixed ^ purpose.charCodeAt(index), FNV_PRIME);
    // Neighbouring seeds must not give neighbouring streams.
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    this.next = seededRandom(mixed ^ (mixed >>> 12));
  }

  holds(probability: number): boolean {
    return this.next() < probability;
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** A whole number from `min` to `max`, both possible. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.next() * values.length)];
    if (values.length === 0) throw new Error('nothing to pick from');
    return value as T;
  }

  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    throw new Error('nothing to choose from');
  }

  /** Time to the next of things that happen independently of each other. */
  pauseMs(meanMs: number): number {
    return Math.min(LONGEST_PAUSE * meanMs, -Math.log(1 - this.next()) * meanMs);
  }
}
