// Keys for the memory and the disk of a TaskManager: part of the table of options.ts.
import { flag, list, memorySize, oneOf } from './values.ts';

const MIB = 2 ** 20;

export const memoryOptions = {
  'taskmanager.memory.process.size': {
    schema: memorySize(),
    fallback: '0',
    kind: 'memory',
    description:
      'What a TaskManager process should keep within as a whole. Near it caches of state shrink and received records wait on disk. 0: not limited.',
  },
  'taskmanager.memory.managed.size': {
    schema: memorySize(),
    fallback: '512m',
    kind: 'memory',
    description:
      'Memory for caches of state in LMDB, in equal shares of a TaskManager’s slots. It lies in the heap of tasks, of which caches take a quarter at most.',
  },
  'taskmanager.memory.task.heap.size': {
    schema: memorySize({ minBytes: 32 * MIB }),
    fallback: '4g',
    kind: 'memory',
    description:
      'Heap of a TaskManager’s tasks, in equal shares of its slots. A slot thread that needs more than its slots have fails with its tasks.',
  },
  'taskmanager.memory.task.off-heap.size': {
    schema: memorySize({ minBytes: 32 * MIB }),
    fallback: '1g',
    kind: 'memory',
    description:
      'Memory of a TaskManager’s tasks outside the heap (buffers, records under way, snapshots being written), in equal shares of its slots; a thread has 32 MB at least. One that needs more fails with its tasks.',
  },
  'taskmanager.memory.network.max': {
    schema: memorySize({ minBytes: MIB }),
    fallback: '128m',
    kind: 'memory',
    description:
      'Records received from other threads and TaskManagers that may wait in memory, in equal shares of the slots; a thread has 1 MB at least. More of them wait on disk.',
    aliases: ['taskmanager.network.memory.max'],
  },
  'taskmanager.network.compression.codec': {
    schema: oneOf(['NONE', 'DEFLATE']),
    fallback: 'NONE',
    kind: 'NONE | DEFLATE',
    description:
      'Whether records are compressed between TaskManagers. It pays for records of objects and texts on networks of 1 Gbit/s and slower.',
  },
  'execution.checkpointing.snapshot-compression': {
    schema: flag(),
    fallback: 'false',
    kind: 'boolean',
    description:
      'Whether state is compressed in checkpoints and savepoints. Either way a job starts from those that were written the other way.',
  },
  'state.backend.hashmap.spill-to-disk': {
    schema: flag(),
    fallback: 'true',
    kind: 'boolean',
    description:
      'Whether state in heap moves to disk (to LMDB, until the task is restarted) when a slot thread’s heap is nearly full, rather than the thread failing.',
  },
  'io.tmp.dirs': {
    schema: list(/\S/, 'must be one or more folders'),
    fallback: 'tmp',
    kind: 'folder, …',
    description:
      'Folders for what a TaskManager’s tasks keep on disk while they run, such as state in LMDB; tasks are spread over them. A relative one lies in the cluster’s folder.',
  },
  'taskmanager.disk.quota.slot': {
    schema: memorySize(),
    fallback: '0',
    kind: 'memory',
    description:
      'Most that the tasks of one slot may keep in io.tmp.dirs. A task that needs more fails; the others go on. 0: no limit.',
  },
  'taskmanager.disk.quota.job': {
    schema: memorySize(),
    fallback: '0',
    kind: 'memory',
    description: 'Most that the tasks of one job may keep in io.tmp.dirs on one TaskManager. 0: no limit.',
  },
  'taskmanager.disk.artifact-cache.size': {
    schema: memorySize({ minBytes: MIB }),
    fallback: '1g',
    kind: 'memory',
    description:
      'Bundles of jobs that a process keeps on disk. Beyond it those go that were used least recently, and are fetched again when they are needed.',
  },
} as const;
