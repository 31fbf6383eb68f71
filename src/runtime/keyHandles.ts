// A key that a keyed exchange has met before. Strings that were just made, such as the words of a line, have to be hashed and compared wherever they
// are looked up; so the sender does that once a record, and what else is known of the key hangs on its handle: which subtask owns it, which number it
// has in a channel's dictionary and, at the other end, where its state lies. Nothing depends on a handle being there: without one everything is found
// by the key itself.

/** One end's knowledge of one key, a string that is its own identity. */
export class KeyHandle {
  readonly key: string;
  /** Of the consumer; at the receiving end not used. */
  readonly subtask: number;
  /** Its number in the dictionary of its channel while that is of this generation; see ColumnEncoder. */
  id = 0;
  generation = 0;
  /** What the consumer's first operator keeps of the key, and whose that is: only the owner looks at it. */
  owner: object | null = null;
  held: unknown = null;

  constructor(key: string, subtask: number) {
    this.key = key;
    this.subtask = subtask;
  }
}

/** The handle of the key of the record that a task is processing; one object a task. Whoever feeds the chain sets it for each record. */
export class ElementKey {
  /** Null: the record came without one. Only the first operator of a chain may look at it: behind it records are others. */
  handle: KeyHandle | null = null;
}

/** Where a record's key stands, if it is not the number of a field of a tuple: the record is the key; or nowhere that is the same for all records. */
export const ITSELF = -1;
export const NOWHERE = -2;

/** Whether the record has its key, as the selector gave it, there. Where a selector gives a field as it is, this compares two references. */
export function isKeyAt(keyAt: number, value: unknown, key: string): boolean {
  if (keyAt >= 0) return typeof value === 'object' && value !== null && (value as readonly unknown[])[keyAt] === key;
  return keyAt === ITSELF && value === key;
}

/** Where the record has its key. */
export function keyPlace(value: unknown, key: string): number {
  const place = Array.isArray(value) ? value.indexOf(key) : ITSELF;
  return isKeyAt(place, value, key) ? place : NOWHERE;
}

/** Keys that an exchange remembers, all its channels together. */
const MAX_HANDLES = 4096;
/** Longer keys are not remembered, so that memory is bounded by their number. In characters. */
const MAX_KEY_LENGTH = 64;
/** So many look-ups are judged together: where less than half of them found anything, keys hardly repeat ... */
const JUDGED_LOOKUPS = 8192;
/** ... and for so many records nothing is looked up. */
const SKIPPED_LOOKUPS = 32 * JUDGED_LOOKUPS;

/** The handles of an exchange's keys at its sending end: bounded, and out of the way where keys do not repeat. */
export class KeyHandles {
  readonly #handles = new Map<string, KeyHandle>();
  readonly #subtaskOf: (key: string) => number;
  #lookups = 0;
  #misses = 0;
  #skip = 0;

  constructor(subtaskOf: (key: string) => number) {
    this.#subtaskOf = subtaskOf;
  }

  /** Null where the key is not worth remembering. */
  of(key: string): KeyHandle | null {
    if (++this.#lookups === JUDGED_LOOKUPS) this.#judge();
    if (this.#skip > 0) {
      this.#skip--;
      this.#lookups = 0;
      return null;
    }
    const handle = this.#handles.get(key);
    return handle === undefined ? this.#missed(key) : handle;
  }

  #missed(key: string): KeyHandle | null {
    this.#misses++;
    // Text that starts with NUL is not its own identity: see keyIdentity.
    if (this.#handles.size >= MAX_HANDLES || key.length > MAX_KEY_LENGTH || key.charCodeAt(0) === 0) return null;
    const handle = new KeyHandle(key, this.#subtaskOf(key));
    this.#handles.set(key, handle);
    return handle;
  }

  #judge(): void {
    if (this.#misses * 2 > this.#lookups) {
      // Other keys may come to be the frequent ones.
      this.#handles.clear();
      this.#skip = SKIPPED_LOOKUPS;
    }
    this.#lookups = 0;
    this.#misses = 0;
  }
}
