// Barriers for tests of what carries them.
import type { Barrier } from '../../src/runtime/barrier.ts';

/** Aligned, of no savepoint. */
export function barrierOf(checkpointId: number, stops = false): Barrier {
  return { checkpointId, stops, drain: false, timestamp: 0, targetPath: null, unalignedAt: null };
}
