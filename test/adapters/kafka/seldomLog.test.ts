// What a log file gets of kafkajs's lines.
import { expect, it } from 'vitest';
import { seldomLog } from '../../../src/adapters/kafka/seldomLog.ts';

it('tells each line once, and again after a while with how often it was left out', () => {
  const told: unknown[] = [];
  let nowMs = 0;
  const log = seldomLog(
    (...line) => told.push(line),
    () => nowMs,
  );
  for (; nowMs < 10_500; nowMs += 500) log('error', 'refused', { broker: 'a:1', stack: 'Error: …' });
  log('info', 'other', {});
  expect(told).toEqual([
    ['warn', 'refused', { broker: 'a:1' }],
    ['warn', 'refused', { broker: 'a:1', leftOut: 19 }],
    ['info', 'other', {}],
  ]);
});

it('forgets rather than grows', () => {
  let lines = 0;
  const log = seldomLog(
    () => lines++,
    () => 0,
  );
  for (let round = 0; round < 2; round++) for (let line = 0; line < 150; line++) log('warn', `line ${line}`, {});
  expect(lines).toBe(300);
});
