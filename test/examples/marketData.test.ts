// Candles, averages and alerts against a plain computation over the same ticks; ticks that come too late are in the side output and nowhere else.
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import main from '../../examples/marketData.ts';
import { linesOf } from '../e2e/output.ts';
import { expectMarketData } from './marketDataExpectation.ts';
import { runExample, seed } from './results.ts';

describe(`market data (SEED=${seed})`, () => {
  it('makes candles of ticks that come out of order, and misses none', async () => {
    const folder = await runExample(main, '--count', '60000', '--rate', '40000');
    expect(expectMarketData(folder, seed, 60_000)).toEqual([]);
    expect(linesOf(path.join(folder, 'alerts.jsonl')).length).toBeGreaterThan(0);
  });

  it('keeps the ticks apart that come after their candle was closed', async () => {
    const folder = await runExample(
      main,
      ...['--candle', '10', '--out-of-orderness', '0', '--count', '20000', '--rate', '20000'],
    );
    expect(expectMarketData(folder, seed, 20_000, 10_000).length).toBeGreaterThan(0);
  });
});
