// What jobs/selfChecking.ts writes where nothing happens to it, and how an output differs from that.

const KEYS = 50;
/** Lines that are told of each kind of difference. */
const MAX_SHOWN = 5;

export interface Counted {
  readonly key: string;
  readonly n: number;
  /** Numbers of the key so far. */
  readonly seen: number;
  readonly sum: number;
}

/** All numbers of a key belong to one of the contiguous shares that the source's subtasks have. */
export function keyOf(n: number, count: number, slices: number): string {
  return `${Math.floor(((n - 1) * slices) / count)}:${n % KEYS}`;
}

export function lineOf({ key, n, seen, sum }: Counted): string {
  return `${key} ${n} ${seen} ${sum}`;
}

/** How the lines differ, as a multiset, from those of an undisturbed run, which are each unlike the others; empty where they don't. */
export function differencesFrom(expected: ReadonlySet<string>, lines: readonly string[]): string[] {
  const missing = new Set(expected);
  const repeated: string[] = [];
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    if (missing.delete(line)) seen.add(line);
    else (seen.has(line) ? repeated : wrong).push(line);
  }
  return [
    ...told('missing', [...missing]),
    ...told('written again', repeated),
    ...told('never written by an undisturbed run', wrong),
  ];
}

export function expectedLines(count: number, slices: number): Set<string> {
  const lines = new Set<string>();
  const state = new Map<string, Counted>();
  for (let n = 1; n <= count; n++) {
    const key = keyOf(n, count, slices);
    const before = state.get(key);
    const now = { key, n, seen: (before?.seen ?? 0) + 1, sum: (before?.sum ?? 0) + n };
    state.set(key, now);
    lines.add(lineOf(now));
  }
  return lines;
}

function told(what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [
    `${lines.length} lines ${what}: ${lines.slice(0, MAX_SHOWN).join(' | ')}${lines.length > MAX_SHOWN ? ' …' : ''}`,
  ];
}
