import { expect, test } from 'vitest';
import { murmur2, partitionOfKey } from '../../src/codec/partitioner.ts';

// The vectors of Kafka's own unit test of murmur2.
test.each([
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
])('murmur2(%s) is %d', (text, hash) => expect(murmur2(Buffer.from(text))).toBe(hash));

test('the sign bit is dropped, not negated', () => {
  // The low 31 bits of -973932308 and -790332482.
  expect(partitionOfKey('21', 8)).toBe(1_173_551_340 % 8);
  expect(partitionOfKey('foobar', 1_000)).toBe(1_357_151_166 % 1_000);
});
