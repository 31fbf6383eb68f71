// Whether something grows: a line through its samples, and how much it rises over the time that they span.

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** How much may be growth by chance: the larger of a share of the median and so much of the unit. */
export interface Tolerance {
  readonly share: number;
  readonly absolute: number;
}

export interface Growth {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  /** Of the line, over the samples' span. */
  readonly rise: number;
  readonly tolerated: number;
  readonly isFlat: boolean;
}

/** Least samples that a line is drawn through. */
const MIN_SAMPLES = 4;

/** By Theil and Sen (the median of the slopes between any two samples), which a few outliers do not tilt. Null: too few samples. */
export function growthOf(samples: readonly Sample[], { share, absolute }: Tolerance): Growth | null {
  if (samples.length < MIN_SAMPLES) return null;
  const slopes: number[] = [];
  for (const [index, one] of samples.entries())
    for (const other of samples.slice(index + 1)) slopes.push((other.value - one.value) / (other.atMs - one.atMs));
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const rise = medianOf(slopes) * (last.atMs - first.atMs);
  const median = medianOf(samples.map(({ value }) => value));
  const tolerated = Math.max(absolute, share * median);
  return { first: first.value, median, last: last.value, rise, tolerated, isFlat: rise <= tolerated };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1]!;
}
