// One state in heap: a Map of cells for each namespace. Values are live objects. A cell remembers since which snapshot it has been written or given
// out; the first to touch it after a snapshot began sees to it that the snapshot has its value first. The cell that was used last is kept at hand,
// because most records read a cell and then write it.

import { ByteWriter } from '../byteWriter.ts';
import type { KeyHandle } from '../keyHandles.ts';
import { ofState, type StateMeta } from './keyedSnapshot.ts';
import { type KeyIdentity, type Namespace, VOID_NAMESPACE } from './keyedStateBackend.ts';
import { noCurrentKey } from './stateRegistry.ts';
import { restoredValues, type StateValues } from './stateValues.ts';
import type { CellStore } from './stores.ts';
import { living, type Ttl } from './ttl.ts';

export interface Cell {
  value: unknown;
  /** The newest snapshot that has this cell behind it; REMOVED once it is in no table. */
  version: number;
}

const REMOVED = -1;
/** Values of a state that are checked when they are put; the others at the next snapshot. */
const CHECKED_VALUES = 16;

const scratch = new ByteWriter();

/** What a table needs of its backend. */
export interface TableOwner {
  readonly currentKey: KeyIdentity | undefined;
  /** The newest snapshot's number. */
  readonly version: number;
  /** The cell is about to be changed: snapshots that it belongs to and that do not have it yet take it now. */
  touch(table: HeapTable, cell: Cell, namespace: Namespace, key: KeyIdentity): void;
}

export class HeapTable implements CellStore {
  meta: StateMeta;
  values: StateValues;
  ttl: Ttl | null = null;
  namespaces = new Map<Namespace, Map<KeyIdentity, Cell>>();
  readonly #owner: TableOwner;
  #toCheck = CHECKED_VALUES;
  /** Where its values are instead, once they have moved out of the heap. */
  #moved: CellStore | null = null;
  #namespace: Namespace = VOID_NAMESPACE;
  /** Of the namespace; undefined where it has none. */
  #cells: Map<KeyIdentity, Cell> | undefined;
  #key: KeyIdentity | undefined;
  #cell: Cell | undefined;
  /** Where the clean-up of expired entries has come to. */
  #cleaning: Iterator<readonly [KeyIdentity, Namespace, Cell]> | null = null;

  constructor(meta: StateMeta, owner: TableOwner) {
    this.meta = meta;
    this.values = restoredValues(meta);
    this.#owner = owner;
  }

  setNamespace(namespace: Namespace): void {
    if (namespace === this.#namespace) return;
    this.#namespace = namespace;
    this.#moved?.setNamespace(namespace);
    this.#cells = this.namespaces.get(namespace);
    this.#cell = undefined;
  }

  get(): unknown {
    if (this.#moved !== null) return this.#moved.get();
    if (this.ttl !== null) this.#clean(this.ttl);
    return this.#find()?.value;
  }

  put(value: unknown): void {
    if (this.#moved !== null) {
      this.#moved.put(value);
      return;
    }
    if (this.ttl !== null) this.#clean(this.ttl);
    if (this.#toCheck > 0 && this.meta.kind !== 'map') this.check(value);
    const cell = this.#find();
    if (cell !== undefined) cell.value = value;
    else this.#insert(this.#namespace, this.#owner.currentKey!, value);
  }

  /** `get` and `put` of the key, which is the current one, in one. */
  fold(
    key: KeyIdentity,
    argument: unknown,
    step: (held: unknown, argument: unknown) => unknown,
    handle: KeyHandle | null,
  ): unknown {
    const cell = handle === null ? this.#cells?.get(key) : this.#cellOf(handle);
    if (cell !== undefined && this.#toCheck === 0) {
      if (cell.version !== this.#owner.version) this.#owner.touch(this, cell, this.#namespace, key);
      const value = step(cell.value, argument);
      cell.value = value;
      if (value === undefined) this.remove();
      return value;
    }
    const value = step(this.get(), argument);
    if (value === undefined) this.remove();
    else this.put(value);
    return value;
  }

  /** The handle remembers the cell, until that is removed or the table has moved. */
  #cellOf(handle: KeyHandle): Cell | undefined {
    if (handle.owner === this && this.#moved === null) {
      const cell = handle.held as Cell;
      if (cell.version !== REMOVED) return cell;
    }
    const cell = this.#cells?.get(handle.key);
    if (cell === undefined) handle.owner = null;
    else {
      handle.owner = this;
      handle.held = cell;
    }
    return cell;
  }

  /** The first values are tried at once, so that a job whose state cannot be stored hears of it before its first checkpoint. */
  check(value: unknown): void {
    if (this.#toCheck === 0) return;
    this.#toCheck--;
    try {
      this.values.write(scratch, value);
    } catch (error) {
      throw ofState(this.meta.name, this.#owner.currentKey, error);
    } finally {
      scratch.reset();
    }
  }

  remove(): void {
    if (this.#moved !== null) this.#moved.remove();
    else if (this.#find() !== undefined) this.#drop(this.#namespace, this.#owner.currentKey!);
  }

  /** Its values are there from now on. */
  move(store: CellStore): void {
    this.abandon();
    this.#moved = store;
    store.setNamespace(this.#namespace);
  }

  /** Its values are elsewhere. Whoever is going through their keys finds them still; whoever remembers a cell finds it removed. */
  abandon(): void {
    for (const [, , cell] of this.all()) {
      cell.value = undefined;
      cell.version = REMOVED;
    }
    this.namespaces = new Map();
    this.#cells = undefined;
    this.#cell = undefined;
    this.#cleaning = null;
  }

  /** Puts what was restored. */
  load(namespace: Namespace, key: KeyIdentity, value: unknown): void {
    this.#insert(namespace, key, value);
  }

  /** Takes back what was restored before. */
  unload(namespace: Namespace, key: KeyIdentity, mapKey: KeyIdentity | undefined): void {
    if (mapKey !== undefined) {
      const rows = this.cellOf(namespace, key)?.value as Map<KeyIdentity, unknown> | undefined;
      if (rows?.delete(mapKey) !== true || rows.size > 0) return;
    }
    this.#drop(namespace, key);
  }

  cellOf(namespace: Namespace, key: KeyIdentity): Cell | undefined {
    return this.namespaces.get(namespace)?.get(key);
  }

  *all(): Generator<readonly [KeyIdentity, Namespace, Cell], void> {
    for (const [namespace, cells] of this.namespaces) {
      for (const [key, cell] of cells) yield [key, namespace, cell];
    }
  }

  clearNamespace(namespace: Namespace): void {
    const cells = this.namespaces.get(namespace);
    if (cells === undefined) return;
    for (const [key, cell] of cells) {
      this.#owner.touch(this, cell, namespace, key);
      cell.version = REMOVED;
    }
    // Whoever goes through it finds its end.
    cells.clear();
    this.#forget(namespace);
  }

  #find(): Cell | undefined {
    const key = this.#owner.currentKey;
    let cell = this.#cell;
    if (cell === undefined || key !== this.#key || cell.version === REMOVED) {
      if (key === undefined) throw noCurrentKey(this.meta.name);
      cell = this.#cells?.get(key);
      this.#cell = cell;
      this.#key = key;
    }
    if (cell !== undefined && cell.version !== this.#owner.version)
      this.#owner.touch(this, cell, this.#namespace, key as KeyIdentity);
    return cell;
  }

  #insert(namespace: Namespace, key: KeyIdentity, value: unknown): void {
    let cells = this.namespaces.get(namespace);
    if (cells === undefined) {
      cells = new Map();
      this.namespaces.set(namespace, cells);
      if (namespace === this.#namespace) this.#cells = cells;
    }
    const cell = { value, version: this.#owner.version };
    cells.set(key, cell);
    if (namespace === this.#namespace && key === this.#owner.currentKey) {
      this.#cell = cell;
      this.#key = key;
    }
  }

  #drop(namespace: Namespace, key: KeyIdentity): void {
    const cells = this.namespaces.get(namespace);
    const cell = cells?.get(key);
    if (cells === undefined || cell === undefined) return;
    this.#owner.touch(this, cell, namespace, key);
    cell.version = REMOVED;
    cells.delete(key);
    if (cells.size === 0) this.#forget(namespace);
  }

  /** Its cells are gone; windows come and go. */
  #forget(namespace: Namespace): void {
    this.namespaces.delete(namespace);
    if (namespace !== this.#namespace) return;
    this.#cells = undefined;
    this.#cell = undefined;
  }

  /** Looks at a few cells for what has expired, and begins again at the end. */
  #clean(ttl: Ttl): void {
    for (let left = ttl.cleanupSize; left > 0; left--) {
      this.#cleaning ??= this.all();
      const { value: entry, done } = this.#cleaning.next();
      if (done === true) {
        this.#cleaning = null;
        return;
      }
      const [key, namespace, cell] = entry;
      if (this.meta.kind === 'map') this.#cleanRows(ttl, cell, namespace, key);
      else if (living(this.meta.kind, ttl, cell.value) === undefined) this.#drop(namespace, key);
    }
  }

  #cleanRows(ttl: Ttl, cell: Cell, namespace: Namespace, key: KeyIdentity): void {
    const rows = cell.value as Map<KeyIdentity, unknown>;
    let expired = 0;
    for (const row of rows.values()) if (living('map', ttl, row) === undefined) expired++;
    if (expired === 0) return;
    this.#owner.touch(this, cell, namespace, key);
    for (const [mapKey, row] of rows) if (living('map', ttl, row) === undefined) rows.delete(mapKey);
    if (rows.size === 0) this.#drop(namespace, key);
  }
}
