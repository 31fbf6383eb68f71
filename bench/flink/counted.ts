// What the sinks of a job got, by the files that its subtasks wrote: how many results, and what they add up to. Whoever is faster must be right first.
import fs from 'node:fs';
import path from 'node:path';

export interface Counted {
  readonly count: number;
  readonly sum: number;
}

/** Adds up the files `<file>-<subtask>`. */
export function readCounted(file: string): Counted {
  const folder = path.dirname(file);
  const own = fs.readdirSync(folder).filter((name) => name.startsWith(`${path.basename(file)}-`));
  let [count, sum] = [0, 0];
  for (const name of own) {
    const [results, total] = fs.readFileSync(path.join(folder, name), 'utf8').split(' ').map(Number);
    count += results!;
    sum += total!;
  }
  return { count, sum };
}

/**
 * What the sinks must have got of the numbers from 0 to `records` - 1, computed here in the plainest way; null: of the job it is not known. A sum that is
 * null depends on the order in which the sources' numbers meet.
 */
export function expectedOf(
  job: string,
  records: number,
  parallelism: number,
): { readonly count: number; readonly sum: number | null } | null {
  let [count, sum] = [0, 0];
  const got = (result: number): void => {
    count++;
    sum += result;
  };
  const sums = new Map<number, number>();
  const running = (key: number, summand: number): number => {
    const total = (sums.get(key) ?? 0) + summand;
    sums.set(key, total);
    return total;
  };
  switch (job) {
    case 'wordcount':
      for (let n = 0; n < records; n++) for (let j = 0; j < 10; j++) got(running(((n % 1_000) * 31 + j * 17) % 997, 1));
      return { count, sum };
    case 'maps':
      for (let n = 0; n < records; n++) got((n + 1) * 2 - 1);
      return { count, sum };
    case 'mapFilter':
      for (let n = 0; n < records; n += 2) got(n * 3 + 1);
      return { count, sum };
    case 'rebalance':
      for (let n = 0; n < records; n++) got(n + 1);
      return { count, sum };
    case 'keyedSum':
      for (let n = 0; n < records; n++) got(running(n % 1_000, n));
      return { count, sum: parallelism === 1 ? sum : null };
    case 'window': {
      // Each window holds a thousand numbers times a thousand keys: whatever is in it is summed by key, once.
      const windows = new Map<string, number>();
      for (let n = 0; n < records; n++) {
        const key = `${Math.floor(n / 1_000_000)}/${n % 1_000}`;
        windows.set(key, (windows.get(key) ?? 0) + n);
      }
      for (const total of windows.values()) got(total);
      return { count, sum };
    }
    default:
      return null;
  }
}
