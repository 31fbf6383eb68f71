// The data generator: each index once, in one run and over restores at changing parallelism.
import { DataGeneratorSource, StreamExecutionEnvironment } from 'sluice';
import { expect, it } from 'vitest';
import type { GeneratorState } from '../../src/api/dataGeneratorSource.ts';
import { drain, Emitted, readerContext } from './probe.ts';

it('makes each index once, whatever the parallelism it is restored at', async () => {
  const source = new DataGeneratorSource((index) => index, 500);
  const seen: number[] = [];
  let states: readonly GeneratorState[] | null = null;
  for (const [parallelism, count] of [
    [2, 40],
    [3, 31],
    [1, 50],
    [4, 20],
    [4, 9],
    [3, 1_000],
  ] as const) {
    const next: GeneratorState[] = [];
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const reader = source.createReader(readerContext(subtask, parallelism));
      // At the same parallelism a reader is given its own state alone.
      const own: readonly GeneratorState[] | null =
        states !== null && states.length === parallelism ? [states[subtask]!] : states;
      await reader.start(own);
      seen.push(...(await drain(reader, new Emitted<number>(), count)).records);
      next.push(structuredClone(reader.snapshotState(1)));
      await reader.close();
    }
    states = next;
  }
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, index) => index));
});

it('is bounded where it has a count, and refuses what is none', () => {
  expect(new DataGeneratorSource(String, 0).boundedness).toBe('BOUNDED');
  expect(new DataGeneratorSource(String).boundedness).toBe('CONTINUOUS_UNBOUNDED');
  expect(() => new DataGeneratorSource(String, 1.5)).toThrow(/whole number/);
  expect(() => new DataGeneratorSource(String, -1)).toThrow(/whole number/);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSource(new DataGeneratorSource((index) => index, 3), null, 'generator', { recordsPerSecond: 1_000 });
});
