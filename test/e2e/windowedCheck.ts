// What jobs/windowed.ts writes where nothing happens to it.

export const BUCKET_MS = 50;
export const TUMBLING_MS = 250;
export const SLIDING_MS = 300;
export const SLIDE_MS = 100;
const KEYS = 20;

export interface Timed {
  readonly key: number;
  readonly n: number;
  readonly time: number;
}

export interface Tally {
  readonly count: number;
  readonly sum: number;
}

/** A number's time is its place in the share of the source's subtask that it belongs to. */
export function eventOf(n: number, count: number, slices: number): Timed {
  return { key: n % KEYS, n, time: (n - 1) % (count / slices) };
}

export function lineOf(
  kind: 'timer' | 'tumbling' | 'sliding',
  key: number,
  end: number,
  { count, sum }: Tally,
): string {
  return `${kind} ${key} ${end} ${count} ${sum}`;
}

export function expectedLines(count: number, slices: number): Set<string> {
  const events = Array.from({ length: count }, (_, index) => eventOf(index + 1, count, slices));
  const kinds = [
    ['timer', BUCKET_MS, BUCKET_MS],
    ['tumbling', TUMBLING_MS, TUMBLING_MS],
    ['sliding', SLIDING_MS, SLIDE_MS],
  ] as const;
  const lines = new Set<string>();
  for (const [kind, sizeMs, slideMs] of kinds) {
    const tallies = new Map<string, { key: number; end: number; count: number; sum: number }>();
    for (const { key, n, time } of events) {
      for (let start = time - (time % slideMs); start > time - sizeMs; start -= slideMs) {
        const end = start + sizeMs;
        const tally = tallies.get(`${key} ${end}`) ?? { key, end, count: 0, sum: 0 };
        tallies.set(`${key} ${end}`, { ...tally, count: tally.count + 1, sum: tally.sum + n });
      }
    }
    for (const { key, end, ...tally } of tallies.values()) lines.add(lineOf(kind, key, end, tally));
  }
  return lines;
}
