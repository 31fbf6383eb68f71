// Entries that expire: stores around stores, which keep with each value when it was last used and take an expired one for none. What expired is
// removed when it is met, by whoever looks at it, and by the backend's clean-up and snapshots.
import type { StateKind, StateTtlConfig } from './descriptors.ts';
import type { KeyIdentity, Namespace } from './keyedStateBackend.ts';
import type { ListState } from './states.ts';
import type { TtlEntry } from './stateValues.ts';
import type { CellStore, RowStore } from './stores.ts';

/** Entries that each use of a state looks at, unless its descriptor says otherwise; Flink's default. */
const DEFAULT_CLEANUP_SIZE = 5;

export interface Ttl {
  readonly cleanupSize: number;
  now(): number;
  expired(entry: TtlEntry): boolean;
  /** Whether an expired entry is to be given as long as it is there. */
  readonly givesExpired: boolean;
  readonly refreshedByReading: boolean;
}

export function ttlOf(config: StateTtlConfig, now: () => number): Ttl {
  const { ttlMs, updateType, stateVisibility, cleanupSize } = config;
  return {
    cleanupSize: cleanupSize ?? DEFAULT_CLEANUP_SIZE,
    now,
    expired: ([, usedAtMs]) => usedAtMs + ttlMs <= now(),
    givesExpired: stateVisibility === 'ReturnExpiredIfNotCleanedUp',
    refreshedByReading: updateType === 'OnReadAndWrite',
  };
}

/** What of a stored value, element list or row still lives: undefined where nothing does. */
export function living(kind: StateKind, ttl: Ttl, held: unknown): unknown {
  if (kind !== 'list') return ttl.expired(held as TtlEntry) ? undefined : held;
  const list = held as TtlEntry[];
  const left = list.filter((entry) => !ttl.expired(entry));
  if (left.length === list.length) return held;
  return left.length === 0 ? undefined : left;
}

export class TtlCells implements CellStore {
  readonly #cells: CellStore;
  readonly #ttl: Ttl;

  constructor(cells: CellStore, ttl: Ttl) {
    this.#cells = cells;
    this.#ttl = ttl;
  }

  setNamespace(namespace: Namespace): void {
    this.#cells.setNamespace(namespace);
  }

  get(): unknown {
    const entry = this.#cells.get() as TtlEntry | undefined;
    if (entry === undefined) return undefined;
    if (this.#ttl.expired(entry)) {
      this.#cells.remove();
      return this.#ttl.givesExpired ? entry[0] : undefined;
    }
    if (this.#ttl.refreshedByReading) this.put(entry[0]);
    return entry[0];
  }

  put(value: unknown): void {
    this.#cells.put([value, this.#ttl.now()] satisfies TtlEntry);
  }

  remove(): void {
    this.#cells.remove();
  }
}

export class TtlRows implements RowStore {
  readonly #rows: RowStore;
  readonly #ttl: Ttl;

  constructor(rows: RowStore, ttl: Ttl) {
    this.#rows = rows;
    this.#ttl = ttl;
  }

  setNamespace(namespace: Namespace): void {
    this.#rows.setNamespace(namespace);
  }

  get(mapKey: KeyIdentity): unknown {
    const entry = this.#rows.get(mapKey) as TtlEntry | undefined;
    return entry === undefined ? undefined : this.#look(mapKey, entry);
  }

  put(mapKey: KeyIdentity, value: unknown): void {
    this.#rows.put(mapKey, [value, this.#ttl.now()] satisfies TtlEntry);
  }

  remove(mapKey: KeyIdentity): void {
    this.#rows.remove(mapKey);
  }

  *rows(): Iterable<readonly [KeyIdentity, unknown]> {
    for (const [mapKey, entry] of this.#rows.rows()) {
      const value = this.#look(mapKey, entry as TtlEntry);
      if (value !== undefined) yield [mapKey, value];
    }
  }

  isEmpty(): boolean {
    for (const _ of this.rows()) return false;
    return true;
  }

  clear(): void {
    this.#rows.clear();
  }

  #look(mapKey: KeyIdentity, entry: TtlEntry): unknown {
    if (this.#ttl.expired(entry)) {
      this.#rows.remove(mapKey);
      return this.#ttl.givesExpired ? entry[0] : undefined;
    }
    if (this.#ttl.refreshedByReading) this.put(mapKey, entry[0]);
    return entry[0];
  }
}

/** A list whose elements expire one by one. */
export class TtlList implements ListState<unknown> {
  readonly #cells: CellStore;
  readonly #ttl: Ttl;

  constructor(cells: CellStore, ttl: Ttl) {
    this.#cells = cells;
    this.#ttl = ttl;
  }

  get(): readonly unknown[] {
    const held = this.#cells.get();
    if (held === undefined) return [];
    const left = living('list', this.#ttl, held) as TtlEntry[] | undefined;
    if (left === undefined) this.#cells.remove();
    else if (this.#ttl.refreshedByReading) this.#put(left.map(([value]) => value));
    else if (left !== held) this.#cells.put(left);
    return ((this.#ttl.givesExpired ? held : left) as TtlEntry[] | undefined)?.map(([value]) => value) ?? [];
  }

  add(value: unknown): void {
    this.addAll([value]);
  }

  addAll(values: Iterable<unknown>): void {
    const held = this.#cells.get() as TtlEntry[] | undefined;
    const list = held ?? [];
    const now = this.#ttl.now();
    for (const value of values) list.push([value, now]);
    if (list.length > 0) this.#cells.put(list);
  }

  update(values: Iterable<unknown>): void {
    this.#put([...values]);
  }

  clear(): void {
    this.#cells.remove();
  }

  #put(values: readonly unknown[]): void {
    const now = this.#ttl.now();
    if (values.length > 0) this.#cells.put(values.map((value): TtlEntry => [value, now]));
    else this.#cells.remove();
  }
}
