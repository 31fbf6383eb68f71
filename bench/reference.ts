// What Flink does, for the figures that have a counterpart: quoted, not measured in this run. Medians of Flink 2.3.0 with Java 17 and
// ZooKeeper, on a machine of 2 cores and 24 GiB, everything on loopback.

export const FLINK = {
  version: 'Flink 2.3.0, quoted from an earlier measurement on 2 cores',
  wordCountWordsPerSecond: {
    'p=1, 1 TaskManager': 9_400_000,
    'p=2, 1 TaskManager': 12_000_000,
    'p=2, 2 TaskManagers': 9_600_000,
  },
  failoverMs: 40_400,
  smallJobRunningMs: 183,
  smallJobAcceptedMs: 92,
  cancelMs: 62,
  readyMs: 4_200,
  idleJobManagerMib: 282,
  listMs: 1_600,
  /** 19 to 22 s by default, 1.5 s tuned. */
  taskManagerLossMs: 20_500,
  /** 1,000 subtasks, all-to-all, over two TaskManagers. */
  wideRunningMs: 5_900,
  wideCancelMs: 2_300,
  wideCheckpointMs: 233,
} as const;
