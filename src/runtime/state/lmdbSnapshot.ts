// A snapshot of state in LMDB: its rows are copied from a view, a slice at a time, as bytes; only entries that may have expired are looked into. One of
// changes copies the rows of given keys, and says of those that are gone that they are.
import { performance } from 'node:perf_hooks';
import { ByteWriter } from '../byteWriter.ts';
import { TaskError } from '../errors.ts';
import type { Changes } from './changedKeys.ts';
import { KeyedSnapshotWriter, type StateMeta } from './keyedSnapshot.ts';
import type { KeyedSnapshot } from './keyedStateBackend.ts';
import type { View } from './lmdbEnvironment.ts';
import { keyGroupOfRow, partsBytes, stateOfRow } from './lmdbKeys.ts';
import { splitRow } from './lmdbRow.ts';
import type { LmdbTable } from './lmdbTable.ts';
import type { StateValues } from './stateValues.ts';
import { living, type Ttl } from './ttl.ts';

/** Rows between two looks at the clock. */
const CHUNK_ROWS = 64;
/** Changed keys that are remembered so as not to be copied twice; more are copied as often as they were changed. */
const MAX_MET_KEYS = 100_000;

interface Copied {
  readonly meta: StateMeta;
  readonly values: StateValues;
  readonly ttl: Ttl | null;
}

interface Found {
  readonly key: Buffer;
  /** undefined: the row is gone. */
  readonly value: Buffer | undefined;
  /** All parts of the key of a row that is gone, where one is a hash. */
  readonly full?: Uint8Array | null;
}

export interface LmdbSnapshotOptions {
  readonly view: View;
  readonly prefix: string;
  readonly tables: readonly LmdbTable[];
  readonly maxParallelism: number;
  /** Null: of everything. */
  readonly changes: Changes | null;
  readonly over: () => void;
}

export class LmdbSnapshot implements KeyedSnapshot {
  readonly #view: View;
  readonly #rows: Iterator<Found, void>;
  readonly #states: ReadonlyMap<number, Copied>;
  readonly #writer: KeyedSnapshotWriter;
  readonly #changes: Changes | null;
  readonly #over: () => void;
  #discarded = false;

  /** Takes the view and the changes over. */
  constructor({ view, prefix, tables, maxParallelism, changes, over }: LmdbSnapshotOptions) {
    this.#view = view;
    this.#rows = changes === null ? view.rows(prefix)[Symbol.iterator]() : changedRows(view, changes);
    // As they are now: a state that is asked for later may be changed by it.
    this.#states = new Map(tables.map(({ number, meta, values, ttl }) => [number, { meta, values, ttl }]));
    this.#writer = new KeyedSnapshotWriter(maxParallelism);
    this.#changes = changes;
    this.#over = over;
  }

  advance(deadlineMs: number): boolean {
    if (this.#discarded) throw new TaskError('STATE_UNUSABLE', 'The snapshot was given up.');
    try {
      do {
        for (let left = CHUNK_ROWS; left > 0; left--) {
          const next = this.#rows.next();
          if (next.done === true) {
            this.#end();
            return true;
          }
          this.#copy(next.value);
        }
      } while (performance.now() < deadlineMs);
      return false;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  take(rest: boolean): Uint8Array | null {
    return this.#writer.take(rest);
  }

  discard(): void {
    this.#discarded = true;
    this.#end();
  }

  #copy({ key, value: row, full: fullOfGone = null }: Found): void {
    const { meta, values, ttl } = this.#states.get(stateOfRow(key))!;
    const { full, value } = row === undefined ? { full: fullOfGone, value: null } : splitRow(row);
    let bytes = value;
    if (ttl !== null && value !== null) {
      const held = values.read(value);
      const left = living(meta.kind, ttl, held);
      if (left === undefined) bytes = null;
      else if (left !== held) {
        const out = new ByteWriter();
        values.write(out, left);
        bytes = out.take();
      }
    }
    if (bytes === null && this.#changes === null) return;
    this.#writer.encodedRow(meta, keyGroupOfRow(key), full ?? partsBytes(key), bytes);
  }

  #end(): void {
    this.#rows.return?.();
    this.#changes?.close();
    this.#view.close();
    this.#over();
  }
}

/** Each as it is in the view, however often it was changed. */
function* changedRows(view: View, changes: Changes): Generator<Found, void> {
  const met = new Set<string>();
  const keys = changes.read();
  for (let next = keys.next(); next.done !== true; next = keys.next()) {
    const { key, full } = next.value;
    const text = key.toString('latin1');
    if (met.has(text)) continue;
    if (met.size < MAX_MET_KEYS) met.add(text);
    yield { key, full, value: view.get(key) };
  }
}
