// The lists that recommendations come to, against a plain computation over the same looks.
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import main from '../../examples/recommendation.ts';
import { linesOf } from '../e2e/output.ts';
import { expectRecommendations } from './recommendationExpectation.ts';
import { runExample, seed } from './results.ts';

describe(`recommendations (SEED=${seed})`, () => {
  it('are of what was looked at in the same visits', async () => {
    const folder = await runExample(main, '--count', '10000', '--rate', '10000');
    expectRecommendations(folder, seed, 10_000);
    // Thirty items of five kinds, with their lists from the first pair on.
    expect(linesOf(path.join(folder, 'recommendations.jsonl')).length).toBeGreaterThan(1_000);
  });

  it('are as many as was asked for', async () => {
    const folder = await runExample(main, '--count', '5000', '--top', '1');
    expectRecommendations(folder, seed, 5_000, 1);
  });
});
