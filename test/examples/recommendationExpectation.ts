// What the example of recommendations should come to, computed from the generator's looks alone.
import fs from 'node:fs';
import { expect } from 'vitest';
import { type Look, lookAt } from '../../examples/generators/visits.ts';
import type { Recommendation } from '../../examples/recommendation.ts';
import { linesOf } from '../e2e/output.ts';

const GAP_MS = 300_000;

export function expectRecommendations(folder: string, seed: number, count: number, size = 3): void {
  const visits = visitsOf(Array.from({ length: count }, (_, index) => lookAt(seed, index)));
  const together = new Map<string, Map<string, number>>();
  for (const visit of visits) {
    const items = new Set(visit.map(({ item }) => item));
    if (items.size > 20) continue;
    for (const item of items) {
      const counts = together.get(item) ?? new Map<string, number>();
      together.set(item, counts);
      for (const other of items) if (other !== item) counts.set(other, (counts.get(other) ?? 0) + 1);
    }
  }
  const expected = new Map(
    [...together]
      .filter(([, counts]) => counts.size > 0)
      .map(([item, counts]) => [
        item,
        [...counts].sort(([a, ofA], [b, ofB]) => (ofA === ofB ? a.localeCompare(b, 'en') : ofB - ofA)).slice(0, size),
      ]),
  );

  const lists = linesOf(`${folder}/recommendations.jsonl`).map((line) => JSON.parse(line) as Recommendation);
  expect(Object.fromEntries(lists.map(({ item, top }) => [item, top]))).toEqual(Object.fromEntries(expected));
  // Each list is a change of the one before, never a step back.
  const last = new Map<string, Recommendation['top']>();
  for (const { item, top } of lists) {
    const before = last.get(item) ?? [];
    expect(top).not.toEqual(before);
    expect(visitsIn(top)).toBeGreaterThanOrEqual(visitsIn(before));
    last.set(item, top);
  }
  expect(fs.readdirSync(folder)).toEqual(['recommendations.jsonl']);
}

function visitsIn(top: Recommendation['top']): number {
  return top.reduce((sum, [, visits]) => sum + visits, 0);
}

/** Cut where a visitor did not look at anything for the gap. */
function visitsOf(looks: readonly Look[]): Look[][] {
  const visits: Look[][] = [];
  const open = new Map<string, Look[]>();
  for (const look of [...looks].sort((a, b) => a.time - b.time)) {
    const visit = open.get(look.visitor);
    if (visit !== undefined && look.time - visit.at(-1)!.time <= GAP_MS) visit.push(look);
    else {
      const begun = [look];
      open.set(look.visitor, begun);
      visits.push(begun);
    }
  }
  return visits;
}
