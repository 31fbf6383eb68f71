// The table that the benches end with: a figure that misses its aim must say so, whichever way round its unit goes.
import { expect, test } from 'vitest';
import { tableOf } from '../../bench/table.ts';

const figure = (unit: string, value: number, aim: number) => ({
  ...{ bench: 'b', metric: 'm', unit, value },
  settings: { aim, min: 1, max: 2 },
});

test('of times and sizes less is better, of rates and ratios more', () => {
  const rows = tableOf([
    figure('ms', 99, 100),
    figure('MiB', 101, 100),
    figure('events/s', 99, 100),
    figure('ratio', 0.6, 0.5),
  ])!.split('\n');
  expect(rows.slice(2).map((row) => /\*\*missed\*\*/.test(row))).toEqual([false, true, true, false]);
});

test('what has no aim or was skipped has no row, and without rows there is no table', () => {
  expect(tableOf([{ bench: 'b', metric: 'm', unit: 'ms', value: 1 }])).toBeNull();
  expect(tableOf([{ bench: 'b', metric: 'm', unit: 'ms', value: null, settings: { aim: 1 } }])).toBeNull();
});

test('tells the journal, the extremes and large numbers as people read them', () => {
  const row = tableOf([
    {
      bench: 'b',
      metric: 'm',
      unit: 'events/s',
      value: 1_234_567,
      settings: { aim: 10, journal: 'kafka', min: 1, max: 2 },
    },
  ])!.split('\n')[2];
  expect(row).toBe('| b | m, kafka | 10 events/s | 1,234,567 events/s (1–2) | ok |');
});
