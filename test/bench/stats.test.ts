// Medians and percentiles, where an off-by-one would show in every figure.
import { expect, test } from 'vitest';
import { median, percentile, rounded, spread } from '../../bench/stats.ts';

test('the median of an even number of values lies between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 10, 1])).toBe(3);
});

test('a percentile is the smallest value that the share does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile(hundred, 1)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
});

test('nothing has no median', () => {
  expect(() => spread([])).toThrow(RangeError);
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test('figures keep four significant digits', () => {
  expect(rounded(1_234_567)).toBe(1_235_000);
  expect(rounded(0.123_456)).toBe(0.1235);
});
