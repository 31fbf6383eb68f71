// Keyed state larger than memory: in LMDB, behind a bounded cache. Snapshots are read from a view of the moment at which they began, while writing goes on,
// and have the format of every backend. Checkpoints may have what has changed alone (lmdbIncrements.ts).
import { ByteWriter } from '../byteWriter.ts';
import type { Changes } from './changedKeys.ts';
import { ofState, type StateMeta, type StateRow } from './keyedSnapshot.ts';
import {
  type KeyedSnapshot,
  type KeyedStateBackend,
  type KeyIdentity,
  MAX_SNAPSHOTS,
  type NamedState,
  type Namespace,
  tooManySnapshots,
} from './keyedStateBackend.ts';
import type { LmdbEnvironment, RowWrite } from './lmdbEnvironment.ts';
import { LmdbIncrements } from './lmdbIncrements.ts';
import { bytesOf, keyGroupOfRow, partsBytes, partsOf, prefixOf, stateOfRow } from './lmdbKeys.ts';
import { encodeRow, readRow, splitRow } from './lmdbRow.ts';
import { partsIn, rowsOf } from './lmdbScan.ts';
import { LmdbSnapshot } from './lmdbSnapshot.ts';
import { LmdbCells, type LmdbOwner, LmdbRows, LmdbTable } from './lmdbTable.ts';
import { type Row, RowCache } from './rowCache.ts';
import { type Registration, StateRegistry } from './stateRegistry.ts';
import { migration, restoredValues, type StateValues, unreadReader, valuesOf } from './stateValues.ts';
import type { CellStore, RowStore } from './stores.ts';
import { living } from './ttl.ts';

/** Rows of a transaction where many are rewritten. */
const BATCH_ROWS = 2048;
/** Rows that clean-up looks at after a batch of changes, at most. */
const MAX_CLEANED_ROWS = 10_000;

export interface LmdbBackendOptions {
  readonly environment: LmdbEnvironment;
  /** Among the operators of the environment, at most 255. */
  readonly operator: number;
  readonly maxParallelism: number;
  /** Bound of what is held in heap. */
  readonly cacheBytes: number;
  /**
   * State, or changes of it, that is smaller lies with the rest of the subtask and is written with each checkpoint: a file costs a sync of the disk. Null: no
   * count of changes is kept, and each checkpoint has everything.
   */
  readonly minFileBytes: number | null;
  /** Processing time, ms. */
  readonly now: () => number;
  /** It has let go of the environment. */
  readonly onClosed: () => void;
}

export class LmdbBackend extends StateRegistry implements KeyedStateBackend, LmdbOwner {
  readonly operator: number;
  readonly maxParallelism: number;
  readonly environment: LmdbEnvironment;
  readonly cache: RowCache;
  readonly incremental: LmdbIncrements | null;
  readonly #onClosed: () => void;
  readonly #tables = new Map<string, LmdbTable>();
  readonly #registrations = new Map<string, Registration>();
  readonly #snapshots = new Set<LmdbSnapshot>();
  /** Where clean-up goes on; null: from the first row. */
  #cleanedTo: Buffer | null = null;
  #closed = false;

  constructor(options: LmdbBackendOptions) {
    const { environment, operator, maxParallelism, cacheBytes, minFileBytes, now, onClosed } = options;
    super(now);
    this.environment = environment;
    this.operator = operator;
    this.maxParallelism = maxParallelism;
    this.cache = new RowCache(cacheBytes, (changed) => this.#write(changed));
    this.#onClosed = onClosed;
    const take = (changes: Changes | null) => this.#take(changes);
    this.incremental = minFileBytes === null ? null : new LmdbIncrements(this, minFileBytes, take);
  }

  *entries({ name }: NamedState, namespace?: Namespace): Generator<readonly [KeyIdentity, Namespace], void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    this.cache.flush();
    const view = this.environment.view();
    try {
      let last = '';
      for (const row of rowsOf(view, table, namespace)) {
        const parts = partsIn(view, row);
        // Rows of one map follow each other.
        const id = table.prefix(keyGroupOfRow(row), parts.namespace, parts.key);
        if (id === last) continue;
        last = id;
        yield [parts.key, parts.namespace];
      }
    } finally {
      view.close();
    }
  }

  clearNamespace({ name }: NamedState, namespace: Namespace): void {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    this.cache.flush();
    const view = this.environment.view();
    try {
      const removed: RowWrite[] = [];
      for (const row of rowsOf(view, table, namespace)) {
        const held = this.cache.peek(row.toString('latin1'));
        if (held !== undefined) held.value = undefined;
        removed.push([row, null]);
        this.incremental?.changed.add(row, splitRow(view.get(row)!).full);
        if (removed.length >= BATCH_ROWS) this.environment.write(removed.splice(0));
      }
      if (removed.length > 0) this.environment.write(removed);
    } finally {
      view.close();
    }
  }

  snapshot(): KeyedSnapshot {
    return this.#take(null);
  }

  #take(changes: Changes | null): KeyedSnapshot {
    if (this.#snapshots.size >= MAX_SNAPSHOTS) throw tooManySnapshots();
    this.cache.flush();
    const snapshot = new LmdbSnapshot({
      view: this.environment.view(),
      prefix: prefixOf(this.operator),
      tables: [...this.#tables.values()],
      maxParallelism: this.maxParallelism,
      changes,
      over: () => this.#snapshots.delete(snapshot),
    });
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  restore(rows: Iterable<StateRow>): void {
    const readers = new Map<StateMeta, (value: Uint8Array) => Uint8Array>();
    const batch: RowWrite[] = [];
    for (const { state, namespace, key, mapKey, value } of rows) {
      const table = this.#tableOf(state);
      let change = readers.get(state);
      if (change === undefined) {
        change = this.#storedAs(state, table);
        readers.set(state, change);
      }
      const { text, full } = table.rowKey(namespace, key, mapKey);
      const row = bytesOf(text);
      const bytes = value === null ? null : change(value);
      batch.push([row, bytes === null ? null : encodeRow(full, (out) => out.raw(bytes))]);
      this.incremental?.changed.add(row, full);
      if (batch.length >= BATCH_ROWS) this.environment.write(batch.splice(0));
    }
    if (batch.length > 0) this.environment.write(batch);
    // What was read before there was anything.
    this.cache.clear();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const snapshot of this.#snapshots) snapshot.discard();
    this.cache.clear();
    this.#onClosed();
  }

  protected cells(registration: Registration): CellStore {
    return new LmdbCells(this.#claim(registration), this);
  }

  protected rows(registration: Registration): RowStore {
    return new LmdbRows(this.#claim(registration), this);
  }

  /** What was restored under the name becomes the state, its rows as its descriptor has them. */
  #claim(registration: Registration): LmdbTable {
    const { meta, serializer, ttl } = registration;
    const table = this.#tableOf(meta);
    this.#registrations.set(meta.name, registration);
    const values = valuesOf({ ...meta, serializer }, meta.schema);
    const change = this.#conversion(table.meta, registration, values);
    if (change !== null) {
      this.incremental?.rewritten();
      const view = this.environment.view();
      try {
        const batch: RowWrite[] = [];
        for (const row of rowsOf(view, table)) {
          const { full, value } = splitRow(view.get(row)!);
          const bytes = change(value);
          batch.push([row, encodeRow(full, (out) => out.raw(bytes))]);
          if (batch.length >= BATCH_ROWS) this.environment.write(batch.splice(0));
        }
        if (batch.length > 0) this.environment.write(batch);
      } finally {
        view.close();
      }
    }
    table.meta = meta;
    table.values = values;
    table.ttl = ttl;
    return table;
  }

  #storedAs(stored: StateMeta, table: LmdbTable): (value: Uint8Array) => Uint8Array {
    const registration = this.#registrations.get(stored.name);
    const change = registration === undefined ? null : this.#conversion(stored, registration, table.values);
    if (change !== null) this.incremental?.rewritten();
    return change ?? ((value) => value);
  }

  /** Null: the bytes stay as they are. */
  #conversion(
    stored: StateMeta,
    { meta, serializer }: Registration,
    values: StateValues,
  ): ((value: Uint8Array) => Uint8Array) | null {
    const read = unreadReader(stored, serializer) ?? restoredValues(stored).read;
    const migrate = migration(stored, meta, this.nowMs());
    if (migrate === null && stored.schema === meta.schema) return null;
    return (value) => {
      const held = read(value);
      const out = new ByteWriter();
      values.write(out, migrate === null ? held : migrate(held));
      return out.take();
    };
  }

  #tableOf(meta: StateMeta): LmdbTable {
    let table = this.#tables.get(meta.name);
    if (table === undefined) {
      table = new LmdbTable(meta, this.#tables.size, this);
      this.#tables.set(meta.name, table);
    }
    return table;
  }

  #write(changed: readonly Row[]): void {
    this.environment.write(
      changed.map(({ key, value, values, state }): RowWrite => {
        if (value === undefined) return [bytesOf(key.text), null];
        try {
          return [bytesOf(key.text), encodeRow(key.full, (out) => values.write(out, value))];
        } catch (error) {
          const parts = partsOf(key.full ?? partsBytes(bytesOf(key.text)), false);
          throw ofState(state, parts?.key, error);
        }
      }),
    );
    this.incremental?.wrote(changed);
    this.#clean(changed.length);
  }

  /** Looks at as many rows of states whose entries expire as their descriptors say, and goes on from there the next time. */
  #clean(changes: number): void {
    const expiring = new Map(
      [...this.#tables.values()].filter(({ ttl }) => ttl !== null).map((table) => [table.number, table]),
    );
    if (expiring.size === 0) return;
    const perChange = Math.max(...[...expiring.values()].map(({ ttl }) => ttl!.cleanupSize));
    let left = Math.min(changes * perChange, MAX_CLEANED_ROWS);
    const removed: RowWrite[] = [];
    const view = this.environment.view();
    try {
      const from = this.#cleanedTo ?? undefined;
      this.#cleanedTo = null;
      for (const { key, value } of view.rows(prefixOf(this.operator), from)) {
        if (left-- <= 0) {
          this.#cleanedTo = key;
          break;
        }
        const table = expiring.get(stateOfRow(key));
        if (table === undefined || living(table.meta.kind, table.ttl!, readRow(value, table.values)) !== undefined)
          continue;
        const held = this.cache.peek(key.toString('latin1'));
        if (held !== undefined) held.value = undefined;
        removed.push([key, null]);
        this.incremental?.changed.add(key, splitRow(value).full);
      }
    } finally {
      view.close();
    }
    if (removed.length > 0) this.environment.write(removed);
  }
}
