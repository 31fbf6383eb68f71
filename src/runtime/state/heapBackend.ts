// Keyed state in heap: the fastest backend, for state that fits. A snapshot begins without copying anything; its slices go through the cells one by one,
// and a cell that is used before its turn is written to the snapshot first. So a stall is one slice, and a cell costs at most one encoding more.
// When heap is short, all of it may move to a backend on disk, which then does what this one is asked for; whoever holds its states never notices.

import { ByteWriter } from '../byteWriter.ts';
import { guessBytes } from '../heapSize.ts';
import type { ValueStateDescriptor } from './descriptors.ts';
import { HeapRows } from './heapRows.ts';
import { HeapSnapshot } from './heapSnapshot.ts';
import { type Cell, HeapTable } from './heapTable.ts';
import { ofState, type StateMeta, type StateRow } from './keyedSnapshot.ts';
import {
  type Fold,
  type KeyedSnapshot,
  type KeyedStateBackend,
  type KeyIdentity,
  MAX_SNAPSHOTS,
  type NamedState,
  type Namespace,
  tooManySnapshots,
} from './keyedStateBackend.ts';
import { type Registration, StateRegistry } from './stateRegistry.ts';
import { migration, restoredValues, type UnreadValue, unreadReader, valuesOf } from './stateValues.ts';
import type { CellStore, RowStore } from './stores.ts';

/** Cells of a table whose size is looked at, for a guess of the whole. */
const SAMPLED_CELLS = 64;
/** What a cell takes beside its value. */
const CELL_BYTES = 100;
/** Cells between two signs of life while state moves. */
const ALIVE_CELLS = 4_096;

/** What takes over the state of a heap backend, and follows its current key. */
export type HeapSuccessor = KeyedStateBackend & Pick<StateRegistry, 'storeOf'>;

export class HeapBackend extends StateRegistry implements KeyedStateBackend {
  readonly incremental = null;
  /** Of the newest snapshot. */
  version = 0;
  readonly #maxParallelism: number;
  readonly #tables = new Map<string, HeapTable>();
  readonly #registrations = new Map<string, Registration>();
  readonly #snapshots = new Set<HeapSnapshot>();
  /** By state. */
  readonly #rows = new Map<string, HeapRows>();
  readonly #onClosed: (backend: HeapBackend) => void;
  #successor: HeapSuccessor | null = null;

  constructor(maxParallelism: number, now: () => number, onClosed: (backend: HeapBackend) => void = () => {}) {
    super(now);
    this.#maxParallelism = maxParallelism;
    this.#onClosed = onClosed;
  }

  /** Snapshots are under way, which need what is here. */
  get busy(): boolean {
    return this.#snapshots.size > 0;
  }

  /** Of its values and their keys, guessed; 0 once they are elsewhere. */
  guessBytes(): number {
    let bytes = 0;
    for (const table of this.#tables.values()) {
      let cells = 0;
      for (const held of table.namespaces.values()) cells += held.size;
      let sampled = 0;
      let sampledBytes = 0;
      for (const [key, , cell] of table.all()) {
        if (sampled++ === SAMPLED_CELLS) break;
        sampledBytes += CELL_BYTES + guessBytes(key) + guessBytes(cell.value);
      }
      if (sampled > 0) bytes += (sampledBytes / Math.min(sampled, SAMPLED_CELLS)) * cells;
    }
    return bytes;
  }

  /**
   * Hands everything over; only while it is not busy and no operator is at work. `alive` is called every so often. Where it throws, all is as before
   * here, and the successor is of no use.
   */
  moveTo(successor: HeapSuccessor, alive: () => void): void {
    successor.restore(this.#allRows(alive));
    const stores = [...this.#registrations].map(
      ([name, registration]) => [name, successor.storeOf(registration)] as const,
    );
    for (const [name, store] of stores) {
      const rows = this.#rows.get(name);
      if (rows === undefined) this.#tables.get(name)!.move(store as CellStore);
      else rows.move(store as RowStore);
    }
    for (const table of this.#tables.values()) table.namespaces = new Map();
    this.#successor = successor;
  }

  *#allRows(alive: () => void): Generator<StateRow, void> {
    const out = new ByteWriter();
    let cells = 0;
    for (const table of this.#tables.values()) {
      const { meta, values } = table;
      for (const [key, namespace, { value }] of table.all()) {
        if (++cells % ALIVE_CELLS === 0) alive();
        try {
          const entries: Iterable<readonly [KeyIdentity | undefined, unknown]> =
            meta.kind === 'map' ? (value as Map<KeyIdentity, unknown>) : [[undefined, value]];
          for (const [mapKey, held] of entries) {
            out.reset();
            values.write(out, held);
            const bytes = out.bytes.subarray(0, out.position);
            yield { state: meta, keyGroup: 0, namespace, key, mapKey, value: bytes };
          }
        } catch (error) {
          throw ofState(meta.name, key, error);
        }
      }
    }
  }

  *entries(state: NamedState, namespace?: Namespace): Generator<readonly [KeyIdentity, Namespace], void> {
    if (this.#successor !== null) {
      yield* this.#successor.entries(state, namespace);
      return;
    }
    const table = this.#tables.get(state.name);
    if (table === undefined) return;
    if (namespace === undefined) for (const [key, of] of table.all()) yield [key, of];
    else for (const key of table.namespaces.get(namespace)?.keys() ?? []) yield [key, namespace];
  }

  /** One look-up a record, where value and update are two and the layers between them. */
  override folding<T extends NonNullable<unknown>>(descriptor: ValueStateDescriptor<T>): Fold<T> {
    this.getState(descriptor);
    const table = this.#tables.get(descriptor.name)!;
    return (key, argument, step, handle) => {
      this.setCurrentKey(key);
      return table.fold(key, argument, step as (held: unknown, argument: unknown) => unknown, handle) as T;
    };
  }

  clearNamespace(state: NamedState, namespace: Namespace): void {
    if (this.#successor === null) this.#tables.get(state.name)?.clearNamespace(namespace);
    else this.#successor.clearNamespace(state, namespace);
  }

  snapshot(): KeyedSnapshot {
    if (this.#successor !== null) return this.#successor.snapshot();
    if (this.#snapshots.size >= MAX_SNAPSHOTS) throw tooManySnapshots();
    const snapshot = new HeapSnapshot(++this.version, this.#maxParallelism, [...this.#tables.values()], {
      touch: (table, cell, namespace, key) => this.touch(table, cell, namespace, key),
      over: (ended) => this.#snapshots.delete(ended),
    });
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  touch(table: HeapTable, cell: Cell, namespace: Namespace, key: KeyIdentity): void {
    if (cell.version === this.version) return;
    for (const snapshot of this.#snapshots) {
      if (cell.version < snapshot.version) snapshot.add(table, cell.value, namespace, key);
    }
    cell.version = this.version;
  }

  restore(rows: Iterable<StateRow>): void {
    const readers = new Map<StateMeta, (bytes: Uint8Array) => unknown>();
    for (const { state, namespace, key, mapKey, value } of rows) {
      const table = this.#tableOf(state);
      if (value === null) {
        table.unload(namespace, key, mapKey);
        continue;
      }
      let read = readers.get(state);
      if (read === undefined) {
        read = this.#readerOf(state, table);
        readers.set(state, read);
      }
      const held = read(value);
      if (mapKey === undefined) {
        table.load(namespace, key, held);
      } else {
        const cell = table.cellOf(namespace, key);
        if (cell === undefined) table.load(namespace, key, new Map([[mapKey, held]]));
        else (cell.value as Map<KeyIdentity, unknown>).set(mapKey, held);
      }
    }
  }

  close(): void {
    for (const snapshot of this.#snapshots) snapshot.discard();
    this.#tables.clear();
    this.#successor?.close();
    this.#onClosed(this);
  }

  protected cells(registration: Registration): CellStore {
    return (this.#successor?.storeOf(registration) as CellStore | undefined) ?? this.#claim(registration);
  }

  protected rows(registration: Registration): RowStore {
    if (this.#successor !== null) return this.#successor.storeOf(registration) as RowStore;
    const rows = new HeapRows(this.#claim(registration));
    this.#rows.set(registration.meta.name, rows);
    return rows;
  }

  /** What was restored under the name becomes the state; values are read as its descriptor says. */
  #claim(registration: Registration): HeapTable {
    const { meta, serializer, ttl } = registration;
    const table = this.#tableOf(meta);
    const read = unreadReader(table.meta, serializer);
    const migrate = migration(table.meta, meta, this.nowMs());
    if (read !== null || migrate !== null) {
      const change = (held: unknown): unknown => {
        const value = read === null ? held : read((held as UnreadValue).bytes);
        return migrate === null ? value : migrate(value);
      };
      for (const [key, namespace, cell] of table.all()) {
        // Snapshots under way have it as it was stored.
        this.touch(table, cell, namespace, key);
        if (meta.kind !== 'map') cell.value = change(cell.value);
        else {
          const rows = cell.value as Map<KeyIdentity, unknown>;
          for (const [mapKey, row] of rows) rows.set(mapKey, change(row));
        }
      }
    }
    table.meta = meta;
    table.values = valuesOf({ ...meta, serializer }, meta.schema);
    table.ttl = ttl;
    this.#registrations.set(meta.name, registration);
    return table;
  }

  /** For values that are restored into the table, be its state asked for already or not. */
  #readerOf(stored: StateMeta, table: HeapTable): (bytes: Uint8Array) => unknown {
    const registration = this.#registrations.get(stored.name);
    if (registration === undefined) return table.values.read;
    const read = unreadReader(stored, registration.serializer) ?? restoredValues(stored).read;
    const migrate = migration(stored, registration.meta, this.nowMs());
    return migrate === null ? read : (bytes) => migrate(read(bytes));
  }

  #tableOf(meta: StateMeta): HeapTable {
    let table = this.#tables.get(meta.name);
    if (table === undefined) {
      table = new HeapTable(meta, this);
      this.#tables.set(meta.name, table);
    }
    return table;
  }
}
