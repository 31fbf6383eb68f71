// Whether two states are equal by value, and if not, where. Order counts in maps, arrays and sets, because decisions may follow it; the
// subtasks of a slot alone have none. It is a generator so that comparing large states can be done a piece at a time.
import type { Subtask } from './state.ts';

/** Values compared between two pauses. */
const VALUES_PER_STEP = 5_000;

interface Pair {
  readonly left: unknown;
  readonly right: unknown;
  readonly path: string;
}

/** Yields now and then; returns the first difference as a sentence, or null. */
export function* difference(left: unknown, right: unknown): Generator<void, string | null> {
  const waiting: Pair[] = [{ left, right, path: 'state' }];
  // States hold cycles (a subtask its slot, the slot its subtasks): a pair that was met is equal as far as the rest is.
  const met = new Map<object, object>();
  const metAgain = new Map<object, Set<object>>();
  const changing = new Map<object, object>();
  let compared = 0;
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    if (++compared % VALUES_PER_STEP === 0) yield;
    const { path } = pair;
    if (!isObject(pair.left) || !isObject(pair.right)) {
      if (Object.is(pair.left, pair.right)) continue;
      return `${path} is ${brief(pair.left)} and ${brief(pair.right)}`;
    }
    const known = met.get(pair.left);
    if (known === pair.right || metAgain.get(pair.left)?.has(pair.right)) continue;
    if (changes(pair.left)) {
      const other = changing.get(pair.right) ?? pair.left;
      if (known !== undefined || other !== pair.left) return `${path} is one object on one side, and two on the other`;
      changing.set(pair.right, pair.left);
    }
    if (known === undefined) met.set(pair.left, pair.right);
    else metAgain.set(pair.left, (metAgain.get(pair.left) ?? new Set()).add(pair.right));
    const parts = partsOf(pair.left, pair.right, path);
    if (typeof parts === 'string') return parts;
    waiting.push(...parts);
  }
  return null;
}

/** What two objects hold, in pairs; or how they differ. */
function partsOf(left: object, right: object, path: string): Pair[] | string {
  if (left instanceof Map && right instanceof Map) {
    const keys = unequalKeys([...left.keys()], [...right.keys()], path);
    if (keys !== null) return keys;
    return [...left].map(([key, value]) => ({ left: value, right: right.get(key), path: `${path}.${String(key)}` }));
  }
  if (left instanceof Set && right instanceof Set) {
    const [lefts, rights] = isSlotOwner(path) ? [inOrder(left), inOrder(right)] : [[...left], [...right]];
    return itemsOf(lefts, rights, path);
  }
  if (Array.isArray(left) && Array.isArray(right)) return itemsOf(left, right, path);
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return `${path} is of two kinds`;
  const fields = unequalKeys(Object.keys(left).sort(), Object.keys(right).sort(), path);
  if (fields !== null) return fields;
  const other = right as Readonly<Record<string, unknown>>;
  return Object.entries(left).map(([name, value]) => ({ left: value, right: other[name], path: `${path}.${name}` }));
}

function itemsOf(left: readonly unknown[], right: readonly unknown[], path: string): Pair[] | string {
  if (left.length !== right.length) return `${path} has ${left.length} items and ${right.length}`;
  return left.map((value, index) => ({ left: value, right: right[index], path: `${path}[${index}]` }));
}

function unequalKeys(left: readonly unknown[], right: readonly unknown[], path: string): string | null {
  if (left.length !== right.length) return `${path} has ${left.length} entries and ${right.length}`;
  const index = left.findIndex((key, at) => key !== right[at]);
  return index === -1 ? null : `${path} has ${brief(left[index])} where the other has ${brief(right[index])}`;
}

function isSlotOwner(path: string): boolean {
  return path.endsWith('.owner.subtasks');
}

function inOrder(subtasks: ReadonlySet<unknown>): Subtask[] {
  return [...(subtasks as ReadonlySet<Subtask>)].sort((a, b) => a.vertex - b.vertex || a.index - b.index);
}

/** Slots in use and subtasks are changed in place, so who holds one must hold the same one as everybody else. */
function changes(object: object): boolean {
  return ('owner' in object && object.owner !== null) || ('region' in object && 'attempt' in object);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function brief(value: unknown): string {
  return isObject(value) ? 'an object' : String(value).slice(0, 100);
}
