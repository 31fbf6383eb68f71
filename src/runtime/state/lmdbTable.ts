// One state in LMDB. What is got is decoded once and then lives in the cache, where it is changed like a heap backend's value and written behind. The row that
// was used last is kept at hand.
import { keyGroupOfIdentity } from '../keyGroups.ts';
import type { StateMeta } from './keyedSnapshot.ts';
import { type KeyIdentity, type Namespace, VOID_NAMESPACE } from './keyedStateBackend.ts';
import type { LmdbEnvironment } from './lmdbEnvironment.ts';
import { bytesOf, partsBytes, partsOf, prefixOf, type RowKey, rowKey } from './lmdbKeys.ts';
import { readRow, splitRow } from './lmdbRow.ts';
import type { Row, RowCache } from './rowCache.ts';
import { noCurrentKey } from './stateRegistry.ts';
import { restoredValues, type StateValues } from './stateValues.ts';
import type { CellStore, RowStore } from './stores.ts';
import type { Ttl } from './ttl.ts';

/** What a table needs of its backend. */
export interface LmdbOwner {
  readonly operator: number;
  readonly currentKey: KeyIdentity | undefined;
  readonly maxParallelism: number;
  readonly environment: LmdbEnvironment;
  readonly cache: RowCache;
}

export class LmdbTable {
  meta: StateMeta;
  values: StateValues;
  ttl: Ttl | null = null;
  /** Among the operator's states. */
  readonly number: number;
  readonly #owner: LmdbOwner;

  constructor(meta: StateMeta, number: number, owner: LmdbOwner) {
    this.meta = meta;
    this.values = restoredValues(meta);
    this.number = number;
    this.#owner = owner;
  }

  rowKey(namespace: Namespace, key: KeyIdentity, mapKey: KeyIdentity | undefined): RowKey {
    const { operator, maxParallelism } = this.#owner;
    return rowKey(operator, keyGroupOfIdentity(key, maxParallelism), this.number, { namespace, key, mapKey });
  }

  get maxParallelism(): number {
    return this.#owner.maxParallelism;
  }

  /** Of all rows of the operator. */
  get operatorPrefix(): string {
    return prefixOf(this.#owner.operator);
  }

  /** Rows of a key group, of a namespace in it, of a key in that. */
  prefix(keyGroup: number, ...parts: readonly KeyIdentity[]): string {
    return prefixOf(this.#owner.operator, keyGroup, this.number, ...parts);
  }

  /** From the cache, or else read into it. */
  row(key: RowKey, group: string | null): Row {
    const { cache, environment } = this.#owner;
    const held = cache.get(key.text);
    if (held !== undefined) return held;
    const bytes = environment.get(bytesOf(key.text));
    const value = bytes === undefined ? undefined : readRow(bytes, this.values);
    const { meta, values } = this;
    return cache.add({ key, group, value, changed: false, span: -1, bytes: 0, state: meta.name, values });
  }
}

export class LmdbCells implements CellStore {
  readonly #table: LmdbTable;
  readonly #owner: LmdbOwner;
  #namespace: Namespace = VOID_NAMESPACE;
  #key: KeyIdentity | undefined;
  #row: Row | null = null;
  #age = -1;

  constructor(table: LmdbTable, owner: LmdbOwner) {
    this.#table = table;
    this.#owner = owner;
  }

  setNamespace(namespace: Namespace): void {
    if (namespace === this.#namespace) return;
    this.#namespace = namespace;
    this.#row = null;
  }

  get(): unknown {
    return this.#find().value;
  }

  put(value: unknown): void {
    this.#owner.cache.change(this.#find(), value);
  }

  remove(): void {
    const row = this.#find();
    if (row.value !== undefined) this.#owner.cache.change(row, undefined);
  }

  #find(): Row {
    const { currentKey, cache } = this.#owner;
    if (this.#row !== null && currentKey === this.#key && this.#age === cache.age) return this.#row;
    if (currentKey === undefined) throw noCurrentKey(this.#table.meta.name);
    const row = this.#table.row(this.#table.rowKey(this.#namespace, currentKey, undefined), null);
    this.#row = row;
    this.#key = currentKey;
    this.#age = cache.age;
    return row;
  }
}

/** Map state: each entry is a row, so that a map may be larger than memory. */
export class LmdbRows implements RowStore {
  readonly #table: LmdbTable;
  readonly #owner: LmdbOwner;
  #namespace: Namespace = VOID_NAMESPACE;

  constructor(table: LmdbTable, owner: LmdbOwner) {
    this.#table = table;
    this.#owner = owner;
  }

  setNamespace(namespace: Namespace): void {
    this.#namespace = namespace;
  }

  get(mapKey: KeyIdentity): unknown {
    return this.#row(mapKey).value;
  }

  put(mapKey: KeyIdentity, value: unknown): void {
    this.#owner.cache.change(this.#row(mapKey), value);
  }

  remove(mapKey: KeyIdentity): void {
    const row = this.#row(mapKey);
    if (row.value !== undefined) this.#owner.cache.change(row, undefined);
  }

  /** Those in LMDB, each as it is by now, and then those that are in the cache only. */
  *rows(): Generator<readonly [KeyIdentity, unknown], void> {
    const { cache, environment } = this.#owner;
    const group = this.#group();
    const unwritten = [...cache.changedIn(group)];
    const met = new Set<string>();
    const view = environment.view();
    try {
      for (const { key, value } of view.rows(group)) {
        const text = key.toString('latin1');
        const held = cache.peek(text);
        if (unwritten.length > 0) met.add(text);
        if (held?.value === undefined && held !== undefined) continue;
        const { full, value: bytes } = splitRow(value);
        yield [mapKeyOf(key, full), held === undefined ? this.#table.values.read(bytes) : held.value];
      }
    } finally {
      view.close();
    }
    for (const { key, value } of unwritten) {
      if (value === undefined || met.has(key.text)) continue;
      yield [mapKeyOf(bytesOf(key.text), key.full), value];
    }
  }

  isEmpty(): boolean {
    for (const _ of this.rows()) return false;
    return true;
  }

  clear(): void {
    for (const [mapKey] of this.rows()) this.remove(mapKey);
  }

  #row(mapKey: KeyIdentity): Row {
    const { currentKey } = this.#owner;
    if (currentKey === undefined) throw noCurrentKey(this.#table.meta.name);
    return this.#table.row(this.#table.rowKey(this.#namespace, currentKey, mapKey), this.#group());
  }

  #group(): string {
    const { currentKey, maxParallelism } = this.#owner;
    if (currentKey === undefined) throw noCurrentKey(this.#table.meta.name);
    return this.#table.prefix(keyGroupOfIdentity(currentKey, maxParallelism), this.#namespace, currentKey);
  }
}

function mapKeyOf(row: Buffer, full: Uint8Array | null): KeyIdentity {
  return partsOf(full ?? partsBytes(row), true)!.mapKey!;
}
