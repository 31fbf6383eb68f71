// The story that the bench of the coordinator times must stay one that core decides: it fails by itself where a step of it has no effect.
import { expect, test } from 'vitest';
import { decideWide } from '../../bench/decisions.ts';

test('a wide job is deployed, runs, completes a checkpoint and loses a TaskManager, in bytes that grow with its tasks', () => {
  const small = decideWide(50, 5);
  const large = decideWide(500, 5);
  expect(large.commitBytes / small.commitBytes).toBeGreaterThan(8);
  expect(large.commitBytes / small.commitBytes).toBeLessThan(12);
  expect(large.assignmentBytes).toBeGreaterThan(small.assignmentBytes);
});
