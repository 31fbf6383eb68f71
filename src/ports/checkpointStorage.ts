// The CheckpointStorage port, as far as the coordinator needs it: what tasks stored for a checkpoint is deleted when nobody will restore it.

export interface CheckpointStorage {
  /** Deletes what was stored for the checkpoint. Nothing there is no error. */
  discard(jobId: string, checkpointId: number): Promise<void>;
}
