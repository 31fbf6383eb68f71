// How values are written in sluice.yaml, Flink's way: durations (`500 ms`, `2 s`, `1 min`), memory sizes (`512m`, `4g`), and plain
// words and numbers. Each kind is a zod type that takes the text (or YAML scalar) and gives what the program works with; the message
// of a refusal says what would be right.
import { z } from 'zod';

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1_000,
  sec: 1_000,
  secs: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

const MEMORY_UNITS_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kibibytes: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mebibytes: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gibibytes: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  tebibytes: 2 ** 40,
};

/** Longest wait that a timer takes without a trick. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** `<number> <unit>`; null where the text is not one. A bare number takes the unit ''. */
function quantityOf(text: string, units: Readonly<Record<string, number>>, bareUnit: number): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null) return null;
  const unit = match[2] === '' ? bareUnit : units[match[2]!.toLowerCase()];
  if (unit === undefined) return null;
  const quantity = Number(match[1]) * unit;
  return Number.isSafeInteger(quantity) ? quantity : null;
}

/** Milliseconds. A bare number is milliseconds, as in Flink. */
export function duration({ minMs = 0 }: { readonly minMs?: number } = {}) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const ms = quantityOf(String(value), DURATION_UNITS_MS, 1);
    if (ms === null) return refuse(context, 'must be a duration such as "500 ms", "2 s" or "1 min"');
    if (ms < minMs || ms > MAX_DURATION_MS)
      return refuse(context, `must be from ${minMs} ms to ${MAX_DURATION_MS} ms (24 days)`);
    return ms;
  });
}

/** As duration(), or 0 for what there is not: null. */
export function durationOrNone({ minMs }: { readonly minMs: number }) {
  return duration().transform((ms, context) => {
    if (ms === 0) return null;
    return ms < minMs ? refuse(context, `must be 0 or at least ${minMs} ms`) : ms;
  });
}

/** Bytes. A bare number is bytes, as in Flink. */
export function memorySize({ minBytes = 0 }: { readonly minBytes?: number } = {}) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const bytes = quantityOf(String(value), MEMORY_UNITS_BYTES, 1);
    if (bytes === null) return refuse(context, 'must be a memory size such as "512m" or "4g"');
    if (bytes < minBytes) return refuse(context, `must be at least ${minBytes} bytes`);
    return bytes;
  });
}

export function integer(min: number, max: number) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const number = typeof value === 'number' ? value : /^\s*-?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isInteger(number) || number < min || number > max) {
      return refuse(context, `must be a whole number from ${min} to ${max}`);
    }
    return number;
  });
}

/** A number that need not be whole. */
export function decimal(min: number, max: number) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const number = String(value).trim() === '' ? Number.NaN : Number(value);
    return number >= min && number <= max ? number : refuse(context, `must be a number from ${min} to ${max}`);
  });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` });
}

/** Text that may not be empty; `pattern` with what it asks for in words. */
export function text(pattern: RegExp = /\S/, words = 'must be a text that is not empty') {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const string = String(value).trim();
    return pattern.test(string) ? string : refuse(context, words);
  });
}

/** `true` or `false`. */
export function flag() {
  return z.union([z.string(), z.boolean()]).transform((value, context) => {
    const word = String(value).trim().toLowerCase();
    return word === 'true' || word === 'false' ? word === 'true' : refuse(context, 'must be true or false');
  });
}

/** Text that may be left empty, which is null. */
export function optionalText() {
  return z.union([z.string(), z.number()]).transform((value) => String(value).trim() || null);
}

/** `a,b` or `a;b` or a YAML list. */
export function list(item: RegExp, words: string) {
  return z.union([z.string(), z.array(z.string())]).transform((value, context) => {
    const items = (typeof value === 'string' ? value.split(/[,;]/) : value).map((part) => part.trim()).filter(Boolean);
    return items.every((part) => item.test(part)) ? items : refuse(context, words);
  });
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
