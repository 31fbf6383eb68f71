// What jobs/transactional.ts commits where nothing happens to it.

export const PARTITIONS = 3;
export const WINDOW_MS = 200;
const KEYS = 12;

/** A multiple of the partitions, into which numbers go in turn: so the numbers of a key lie in one partition. */
export function keyOf(n: number): number {
  return n % KEYS;
}

export function countLine(key: number, n: number, seen: number): string {
  return `count ${key} ${n} ${seen}`;
}

export function windowLine(key: number, end: number, count: number): string {
  return `window ${key} ${end} ${count}`;
}

/** Of the numbers from 0 up to `count`. */
export function expectedLines(count: number): Set<string> {
  const lines = new Set<string>();
  const windows = new Map<number, Map<number, number>>();
  for (let n = 0; n < count; n++) {
    const key = keyOf(n);
    lines.add(countLine(key, n, Math.floor(n / KEYS) + 1));
    const end = n - (n % WINDOW_MS) + WINDOW_MS;
    const counts = windows.get(end) ?? new Map<number, number>();
    windows.set(end, counts.set(key, (counts.get(key) ?? 0) + 1));
  }
  for (const [end, counts] of windows) for (const [key, seen] of counts) lines.add(windowLine(key, end, seen));
  return lines;
}
