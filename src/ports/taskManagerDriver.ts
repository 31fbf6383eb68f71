// The TaskManagerDriver port: has TaskManagers started and stopped, as processes of this machine or pods of a cluster.

export interface TaskManagerDriver {
  /**
   * Starts a TaskManager that registers with this request id. One that was started for the request and still runs is enough. Resolves when
   * it is under way, not when it has registered; rejects where it cannot be started.
   */
  start(requestId: string): Promise<void>;
  /** Has the TaskManager stop in order. One that does not run any more is no error. Resolves when it was told, not when it has ended. */
  stop(taskManagerId: string): Promise<void>;
}
