// Keyed state in heap: the fastest backend, for state that fits. A snapshot begins without copying anything; its slices go through the cells one by one,
// and a cell that is used before its turn is written to the snapshot first. So a stall is one slice, and a cell costs at most one encoding more.

import type { ValueStateDescriptor } from './descriptors.ts';
import { HeapSnapshot } from './heapSnapshot.ts';
import { type Cell, HeapRows, HeapTable } from './heapTable.ts';
import type { StateMeta, StateRow } from './keyedSnapshot.ts';
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

export class HeapBackend extends StateRegistry implements KeyedStateBackend {
  readonly incremental = null;
  /** Of the newest snapshot. */
  version = 0;
  readonly #maxParallelism: number;
  readonly #tables = new Map<string, HeapTable>();
  readonly #registrations = new Map<string, Registration>();
  readonly #snapshots = new Set<HeapSnapshot>();

  constructor(maxParallelism: number, now: () => number) {
    super(now);
    this.#maxParallelism = maxParallelism;
  }

  *entries({ name }: NamedState, namespace?: Namespace): Generator<readonly [KeyIdentity, Namespace], void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    if (namespace === undefined) for (const [key, of] of table.all()) yield [key, of];
    else for (const key of table.namespaces.get(namespace)?.keys() ?? []) yield [key, namespace];
  }

  /** One look-up a record, where value and update are two and the layers between them. */
  override folding<T extends NonNullable<unknown>>(descriptor: ValueStateDescriptor<T>): Fold<T> {
    this.getState(descriptor);
    const table = this.#tables.get(descriptor.name)!;
    return (key, argument, step) => {
      this.setCurrentKey(key);
      return table.fold(key, argument, step as (held: unknown, argument: unknown) => unknown) as T;
    };
  }

  clearNamespace({ name }: NamedState, namespace: Namespace): void {
    this.#tables.get(name)?.clearNamespace(namespace);
  }

  snapshot(): KeyedSnapshot {
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
  }

  protected cells(registration: Registration): CellStore {
    return this.#claim(registration);
  }

  protected rows(registration: Registration): RowStore {
    return new HeapRows(this.#claim(registration));
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
