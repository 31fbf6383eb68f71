// The barrier of a checkpoint: what lies before it in a stream belongs to the checkpoint, what comes behind does not.
import type { CheckpointPurpose, TriggerCheckpoint } from '../core/schema.gen.ts';

export interface Barrier {
  readonly checkpointId: number;
  /** Nothing is processed behind it: tasks end when the checkpoint completes, and go on when it is aborted. */
  readonly stops: boolean;
  /** STOP: event time has gone to its end. */
  readonly drain: boolean;
  /** When the checkpoint was triggered, Unix ms. */
  readonly timestamp: number;
  /** Folder of the savepoint; null: the checkpoint's own. */
  readonly targetPath: string | null;
  /** From when on it overtakes records, which then belong to the checkpoint, Unix ms; null: never. */
  readonly unalignedAt: number | null;
}

export function overtakes({ unalignedAt }: Barrier, now: number): boolean {
  return unalignedAt !== null && unalignedAt <= now;
}

export function barrierOf(message: TriggerCheckpoint): Barrier {
  const { checkpointId, purpose, drain, timestamp, targetPath, unalignedAt } = message;
  return { checkpointId, stops: stops(purpose), drain, timestamp, targetPath, unalignedAt };
}

function stops(purpose: CheckpointPurpose): boolean {
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
