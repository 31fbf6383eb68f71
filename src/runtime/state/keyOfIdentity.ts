// The key that a key identity stands for: the inverse of keyIdentity. Composite keys come back as new tuples and plain objects, their properties in
// order of their names and without those that were undefined.
import { TaskError } from '../errors.ts';
import type { KeyIdentity } from './keyedStateBackend.ts';

/** A number, a bigint or a word of the canonical text. */
const ATOM = /-?(?:\d+n|Infinity|\d+(?:\.\d+)?(?:e[+-]\d+)?)|true|false|null/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;

export function keyOfIdentity(identity: KeyIdentity): unknown {
  if (typeof identity !== 'string' || identity.charCodeAt(0) !== 0) return identity;
  return new KeyText(identity.slice(1)).value();
}

class KeyText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    switch (this.#text[this.#at]) {
      case '[': {
        const items: unknown[] = [];
        this.#list(']', () => items.push(this.value()));
        return items;
      }
      case '{': {
        const entries: [string, unknown][] = [];
        this.#list('}', () => {
          const name = this.#string();
          this.#at++;
          entries.push([name, this.value()]);
        });
        return Object.fromEntries(entries);
      }
      case '"':
        return this.#string();
      default:
        return this.#atom();
    }
  }

  #list(end: string, item: () => void): void {
    this.#at++;
    while (this.#text[this.#at] !== end) {
      item();
      if (this.#text[this.#at] === ',') this.#at++;
    }
    this.#at++;
  }

  #string(): string {
    return JSON.parse(this.#match(STRING)) as string;
  }

  #atom(): unknown {
    const atom = this.#match(ATOM);
    if (atom.endsWith('n')) return BigInt(atom.slice(0, -1));
    return atom.endsWith('Infinity') ? Number(atom) : JSON.parse(atom);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined)
      throw new TaskError('STATE_UNUSABLE', `A stored key is damaged at character ${this.#at} of ${this.#text}`);
    this.#at += found.length;
    return found;
  }
}
