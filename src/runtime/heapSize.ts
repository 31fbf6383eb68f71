// How much heap a value takes, guessed by looking at a bounded part of it: for bounds that have to hold roughly and must cost next to nothing.

/** Nodes of a value that are looked at. */
const GUESS_NODES = 32;
/** Records of a batch that are looked at. */
const SAMPLED_RECORDS = 8;

/** Of the first nodes, and of as many like them as an array or a map goes on for. */
export function guessBytes(value: unknown): number {
  let nodes = 0;
  const guess = (held: unknown): number => {
    nodes++;
    switch (typeof held) {
      case 'string':
        return 24 + held.length;
      case 'bigint':
        return 32;
      case 'object':
        break;
      default:
        return 8;
    }
    if (held === null) return 8;
    if (ArrayBuffer.isView(held)) return 100 + held.byteLength;
    let items: Iterable<unknown>;
    let count: number;
    if (held instanceof Map || held instanceof Set) {
      items = held.entries();
      count = held.size;
    } else {
      const values: readonly unknown[] = Array.isArray(held) ? held : Object.values(held);
      items = values;
      count = values.length;
    }
    let bytes = 0;
    let looked = 0;
    for (const item of items) {
      if (nodes >= GUESS_NODES) break;
      bytes += 8 + guess(item);
      looked++;
    }
    return 32 + (looked === 0 ? count * 16 : (bytes * count) / looked);
  };
  return guess(value);
}

/** Of one record, on average over a few of the batch, the last among them. */
export function guessRecordBytes(records: readonly unknown[]): number {
  const step = Math.max(1, Math.floor(records.length / SAMPLED_RECORDS));
  let bytes = 0;
  let looked = 0;
  for (let i = records.length - 1; i >= 0; i -= step) {
    bytes += guessBytes(records[i]);
    looked++;
  }
  return bytes / looked;
}
