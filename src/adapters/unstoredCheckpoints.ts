// CheckpointStorage of a cluster whose tasks keep no state outside their process: there is nothing to delete, and it says so in the log.
import type { CheckpointStorage } from '../ports/checkpointStorage.ts';
import type { Logger } from '../ports/logger.ts';

export function unstoredCheckpoints(logger: Logger): CheckpointStorage {
  return {
    discard: async (jobId, checkpointId) =>
      logger.debug({ jobId, checkpointId }, 'a checkpoint is discarded, of which nothing was stored'),
  };
}
