// The barrier of a checkpoint: what lies before it in a stream belongs to the checkpoint, what comes behind does not.
import type { CheckpointPurpose } from '../core/schema.gen.ts';

export interface Barrier {
  readonly checkpointId: number;
  /** Nothing is processed behind it: tasks end when the checkpoint completes, and go on when it is aborted. */
  readonly stops: boolean;
}

export function stops(purpose: CheckpointPurpose): boolean {
  switch (purpose) {
    case 'PERIODIC':
    case 'SAVEPOINT':
      return false;
    case 'STOP':
    case 'PAUSE':
    case 'RESCALE':
      return true;
    default:
      return purpose satisfies never;
  }
}
