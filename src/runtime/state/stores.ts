// What a backend offers for one state, and all that the states themselves know of it: cells by the current key and namespace, and for map state rows
// within them. What is got is live and may be changed in place; a change counts once it is put.
import type { KeyIdentity, Namespace } from './keyedStateBackend.ts';

export interface CellStore {
  setNamespace(namespace: Namespace): void;
  /** undefined: nothing is stored. */
  get(): unknown;
  put(value: unknown): void;
  remove(): void;
}

export interface RowStore {
  setNamespace(namespace: Namespace): void;
  /** undefined: there is no such row. */
  get(mapKey: KeyIdentity): unknown;
  put(mapKey: KeyIdentity, value: unknown): void;
  remove(mapKey: KeyIdentity): void;
  /** Rows may be put and removed meanwhile. */
  rows(): Iterable<readonly [KeyIdentity, unknown]>;
  isEmpty(): boolean;
  clear(): void;
}
