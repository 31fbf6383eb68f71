// Map state in heap: the cell of a key holds all of its rows, in a Map.
import type { HeapTable } from './heapTable.ts';
import { type KeyIdentity, type Namespace, VOID_NAMESPACE } from './keyedStateBackend.ts';
import type { RowStore } from './stores.ts';

export class HeapRows implements RowStore {
  readonly #table: HeapTable;
  #namespace: Namespace = VOID_NAMESPACE;
  /** Where the rows are instead, once they have moved out of the heap. */
  #moved: RowStore | null = null;

  constructor(table: HeapTable) {
    this.#table = table;
  }

  move(store: RowStore): void {
    this.#moved = store;
    store.setNamespace(this.#namespace);
  }

  setNamespace(namespace: Namespace): void {
    this.#namespace = namespace;
    this.#table.setNamespace(namespace);
    this.#moved?.setNamespace(namespace);
  }

  get(mapKey: KeyIdentity): unknown {
    if (this.#moved !== null) return this.#moved.get(mapKey);
    return this.#rows()?.get(mapKey);
  }

  put(mapKey: KeyIdentity, value: unknown): void {
    if (this.#moved !== null) {
      this.#moved.put(mapKey, value);
      return;
    }
    this.#table.check(value);
    const rows = this.#rows();
    if (rows === undefined) this.#table.put(new Map([[mapKey, value]]));
    else rows.set(mapKey, value);
  }

  remove(mapKey: KeyIdentity): void {
    if (this.#moved !== null) {
      this.#moved.remove(mapKey);
      return;
    }
    const rows = this.#rows();
    if (rows?.delete(mapKey) === true && rows.size === 0) this.#table.remove();
  }

  rows(): Iterable<readonly [KeyIdentity, unknown]> {
    return this.#moved?.rows() ?? this.#rows() ?? [];
  }

  isEmpty(): boolean {
    return this.#moved === null ? this.#rows() === undefined : this.#moved.isEmpty();
  }

  clear(): void {
    if (this.#moved === null) this.#table.remove();
    else this.#moved.clear();
  }

  #rows(): Map<KeyIdentity, unknown> | undefined {
    return this.#table.get() as Map<KeyIdentity, unknown> | undefined;
  }
}
