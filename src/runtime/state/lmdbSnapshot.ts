// A snapshot of state in LMDB: its rows are copied from a view, a slice at a time, as bytes; only entries that may have expired are looked into.
import { performance } from 'node:perf_hooks';
import { ByteWriter } from '../byteWriter.ts';
import { TaskError } from '../errors.ts';
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

interface Copied {
  readonly meta: StateMeta;
  readonly values: StateValues;
  readonly ttl: Ttl | null;
}

export class LmdbSnapshot implements KeyedSnapshot {
  readonly #view: View;
  readonly #rows: Iterator<{ readonly key: Buffer; readonly value: Buffer }>;
  readonly #states: ReadonlyMap<number, Copied>;
  readonly #writer: KeyedSnapshotWriter;
  readonly #over: () => void;
  #discarded = false;

  /** Takes the view over. */
  constructor(view: View, prefix: string, tables: readonly LmdbTable[], maxParallelism: number, over: () => void) {
    this.#view = view;
    this.#rows = view.rows(prefix)[Symbol.iterator]();
    // As they are now: a state that is asked for later may be changed by it.
    this.#states = new Map(tables.map(({ number, meta, values, ttl }) => [number, { meta, values, ttl }]));
    this.#writer = new KeyedSnapshotWriter(maxParallelism);
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
          this.#copy(next.value.key, next.value.value);
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

  #copy(key: Buffer, row: Buffer): void {
    const { meta, values, ttl } = this.#states.get(stateOfRow(key))!;
    const { full, value } = splitRow(row);
    let bytes = value;
    if (ttl !== null) {
      const held = values.read(value);
      const left = living(meta.kind, ttl, held);
      if (left === undefined) return;
      if (left !== held) {
        const out = new ByteWriter();
        values.write(out, left);
        bytes = out.take();
      }
    }
    this.#writer.encodedRow(meta, keyGroupOfRow(key), full ?? partsBytes(key), bytes);
  }

  #end(): void {
    this.#rows.return?.();
    this.#view.close();
    this.#over();
  }
}
