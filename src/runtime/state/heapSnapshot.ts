// A snapshot of state in heap. It goes through the cells one by one, a slice at a time; a cell that is about to be used is brought to it before its turn.
import { performance } from 'node:perf_hooks';
import { TaskError } from '../errors.ts';
import type { Cell, HeapTable } from './heapTable.ts';
import { KeyedSnapshotWriter, ofState, type ValueWriter } from './keyedSnapshot.ts';
import type { KeyedSnapshot, KeyIdentity, Namespace } from './keyedStateBackend.ts';
import { living } from './ttl.ts';

/** Cells between two looks at the clock. */
const CHUNK_CELLS = 64;

export class HeapSnapshot implements KeyedSnapshot {
  readonly version: number;
  readonly #writer: KeyedSnapshotWriter;
  readonly #cells: Iterator<void, void>;
  readonly #over: (snapshot: HeapSnapshot) => void;
  #failure: unknown;

  constructor(version: number, maxParallelism: number, tables: readonly HeapTable[], owner: SnapshotOwner) {
    this.version = version;
    this.#writer = new KeyedSnapshotWriter(maxParallelism);
    this.#over = owner.over;
    this.#cells = cellByCell(tables, owner.touch);
  }

  advance(deadlineMs: number): boolean {
    do {
      for (let left = CHUNK_CELLS; left > 0; left--) {
        if (this.#failure !== undefined) {
          this.#over(this);
          throw this.#failure;
        }
        if (this.#cells.next().done === true) {
          this.#over(this);
          return this.#failure === undefined || this.advance(deadlineMs);
        }
      }
    } while (performance.now() < deadlineMs);
    return false;
  }

  take(rest: boolean): Uint8Array | null {
    return this.#writer.take(rest);
  }

  discard(): void {
    this.#failure = new TaskError('STATE_UNUSABLE', 'The snapshot was given up.');
    this.#over(this);
  }

  /** Never throws: it is called in the midst of the task's work, which must not suffer. */
  add({ meta, values, ttl }: HeapTable, held: unknown, namespace: Namespace, key: KeyIdentity): void {
    if (this.#failure !== undefined) return;
    try {
      const write: ValueWriter = (out, value) => values.write(out, value);
      if (meta.kind !== 'map') {
        const left = ttl === null ? held : living(meta.kind, ttl, held);
        if (left !== undefined) this.#writer.row(meta, namespace, key, undefined, left, write);
        return;
      }
      for (const [mapKey, row] of held as Map<KeyIdentity, unknown>) {
        if (ttl === null || living('map', ttl, row) !== undefined)
          this.#writer.row(meta, namespace, key, mapKey, row, write);
      }
    } catch (error) {
      this.#failure = ofState(meta.name, key, error);
    }
  }
}

interface SnapshotOwner {
  readonly touch: (table: HeapTable, cell: Cell, namespace: Namespace, key: KeyIdentity) => void;
  readonly over: (snapshot: HeapSnapshot) => void;
}

/** Cells that are put meanwhile may be met as well: they belong to no earlier snapshot. */
function* cellByCell(tables: readonly HeapTable[], touch: SnapshotOwner['touch']): Generator<void, void> {
  for (const table of tables) {
    for (const [key, namespace, cell] of table.all()) {
      touch(table, cell, namespace, key);
      yield;
    }
  }
}
