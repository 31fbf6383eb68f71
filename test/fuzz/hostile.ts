// What a stranger may write to a topic: bytes that are nothing, frames cut short or bent, sound messages that belong elsewhere, messages that
// fit their schema and mean nothing, and sound ones in which one value was replaced by the worst that fits its type.
import fc from 'fast-check';
import { encodeMessage } from '../../src/codec/codec.ts';
import { CodecError } from '../../src/codec/codecError.ts';
import { MESSAGE_TYPES, typesOf } from '../../src/codec/topicTypes.ts';
import type { Message, TopicName } from '../../src/core/messages.ts';
import { arbitraryMessage } from '../codec/arbitraries.ts';

const LONG = 'x'.repeat(2 ** 20);
const NUMBERS = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e9, 2 ** 31 - 1, -(2 ** 31), 2 ** 52, -(2 ** 52)];
const TEXTS = ['', LONG, '../../etc/passwd', '\0', '__proto__', 'constructor', '\ud800', 'https://[', 'file:///', '💥'];

/** A record's value on `topic`. `sound`: messages that may be bent. */
export function hostileValue(topic: TopicName, sound: readonly Message[]): fc.Arbitrary<Uint8Array> {
  const own = fc.constantFrom(...typesOf(topic)).chain(arbitraryMessage);
  const any = fc.constantFrom(...MESSAGE_TYPES).chain(arbitraryMessage);
  const bent = fc.tuple(fc.constantFrom(...sound), fc.nat(), fc.nat()).map(([message, place, value]) =>
    // JSON has neither NaN nor a schema, and a bent message may fit none.
    framed(bend(message, place, value)),
  );
  return fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    own.map(framed),
    any.map(framed),
    { weight: 4, arbitrary: bent },
    fc
      .tuple(own, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }))
      .map(([message, cut, flips]) => {
        const bytes = framed(message);
        const whole = bytes.slice(0, cut % 3 === 0 ? cut % (bytes.length + 1) : bytes.length);
        for (const [at, value] of flips) if (whole.length > 0) whole[at % whole.length] = value;
        return whole;
      }),
    // Lengths that claim gigabytes.
    fc
      .tuple(
        own,
        fc.constantFrom([0xfe, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x20], Array(12).fill(0xff)),
      )
      .map(([message, claim]) => Uint8Array.from([...framed(message).slice(0, 10), ...(claim as number[])])),
  );
}

function framed(message: Message): Uint8Array {
  try {
    return encodeMessage(message);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return new TextEncoder().encode(JSON.stringify(message));
  }
}

/** A copy in which the value at one place is another. */
function bend(message: Message, place: number, choice: number): Message {
  const copy = structuredClone(message) as Message;
  const places: { readonly holder: Record<string, unknown>; readonly name: string }[] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const [name, value] of Object.entries(holder)) {
      if (name === 'type') continue;
      places.push({ holder, name });
      if (typeof value === 'object' && value !== null) visit(value as Record<string, unknown>);
    }
  };
  visit(copy as unknown as Record<string, unknown>);
  const { holder, name } = places[place % places.length]!;
  holder[name] = worse(holder[name], choice);
  return copy;
}

function worse(value: unknown, choice: number): unknown {
  const pick = <T>(values: readonly T[]): T => values[choice % values.length]!;
  switch (typeof value) {
    case 'number':
      return pick(NUMBERS);
    case 'string':
      return pick(TEXTS);
    case 'boolean':
      return !value;
    default:
      if (!Array.isArray(value)) return null;
      return pick([
        [],
        [...value, ...value],
        Array.from({ length: 20_000 }, () => value[0] ?? 'x'),
        value.toReversed(),
      ]);
  }
}

export const hostileText: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary' }));
