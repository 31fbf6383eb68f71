// What the example of market data should find, computed from the generator's ticks alone, less those that the job says came too late.
import { expect } from 'vitest';
import { type Tick, tickAt } from '../../examples/generators/ticks.ts';
import type { AveragedCandle, MarketAlert } from '../../examples/marketData.ts';
import { recordsOf, sorted } from './results.ts';

/** Gives what came too late. */
export function expectMarketData(folder: string, seed: number, count: number, candleMs = 60_000): Tick[] {
  const ticks = Array.from({ length: count }, (_, index) => tickAt(seed, index));
  const late = recordsOf<Tick>(folder, 'late.jsonl');
  const lateIds = new Set(late.map(({ id }) => id));
  expect(late).toEqual(sorted(ticks.filter(({ id }) => lateIds.has(id))));
  expect(lateIds.size).toBe(late.length);

  const candles = averagedOf(
    ticks.filter(({ id }) => !lateIds.has(id)),
    candleMs,
  );
  expect(recordsOf<AveragedCandle>(folder, 'candles.jsonl')).toEqual(sorted(candles.flat()));
  expect(recordsOf<MarketAlert>(folder, 'alerts.jsonl')).toEqual(sorted(candles.flatMap(alertsOf)));
  return late;
}

/** The candles of each symbol, in their order. */
function averagedOf(ticks: readonly Tick[], candleMs: number): AveragedCandle[][] {
  const inOrder = [...ticks].sort((a, b) => a.id - b.id);
  return [...new Set(ticks.map(({ symbol }) => symbol))].map((symbol) => {
    const own = inOrder.filter((tick) => tick.symbol === symbol);
    const starts = [...new Set(own.map(({ time }) => Math.floor(time / candleMs) * candleMs))];
    const closes: number[] = [];
    return starts.map((start) => {
      const within = own.filter(({ time }) => time >= start && time < start + candleMs);
      const prices = within.map(({ price }) => price);
      closes.push(prices.at(-1)!);
      return {
        symbol,
        start,
        open: prices[0]!,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: prices.at(-1)!,
        volume: within.reduce((sum, { size }) => sum + size, 0),
        ticks: within.length,
        short: meanOfLast(closes, 5),
        long: meanOfLast(closes, 15),
      };
    });
  });
}

function meanOfLast(values: readonly number[], count: number): number | null {
  if (values.length < count) return null;
  let sum = 0;
  for (let back = 1; back <= count; back++) sum += values.at(-back)!;
  return sum / count;
}

function alertsOf(candles: readonly AveragedCandle[]): MarketAlert[] {
  return candles.flatMap((candle, index) => {
    const { symbol, start: time, close, open, high, low, short, long } = candle;
    const before = candles[index - 1];
    const found: MarketAlert[] = [];
    if ((high - low) / open >= 0.02) found.push({ type: 'JUMP', symbol, time, close });
    if (short === null || long === null || before === undefined || before.short === null || before.long === null)
      return found;
    if (before.short <= before.long && short > long) found.push({ type: 'CROSSED_UP', symbol, time, close });
    if (before.short >= before.long && short < long) found.push({ type: 'CROSSED_DOWN', symbol, time, close });
    return found;
  });
}
