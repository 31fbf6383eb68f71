// Randomness that is a function of a seed and an index: the n-th record of a generator is the same whichever subtask makes it, and whether for the
// first time or again after a restart.

/** Numbers from 0 to below 1, the same for the same seed and index. Mulberry32. */
export function randomAt(seed: number, index: number): () => number {
  let state = Math.imul(seed + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(values: readonly T[], random: number): T {
  return values[Math.floor(random * values.length)]!;
}

/** An early value far more often than a late one, as with the products of a shop: the k-th about 1/k as often as the first. */
export function pickPopular<T>(values: readonly T[], random: number): T {
  return values[Math.floor(values.length ** random) - 1]!;
}
