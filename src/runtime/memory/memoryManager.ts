// The memory of one slot thread that is not plain heap of user code: how much of it each purpose may take, who holds how much, and how short
// memory is. It allocates nothing and measures nothing: whoever does says so here, and reads here whether he may. Each slot has an equal share
// of its TaskManager's memory; a thread has those of the slots that it runs.
import {
  MANAGED_USED,
  type MemoryCell,
  NETWORK_SPILLED,
  NETWORK_USED,
  newMemoryCell,
  PRESSURE,
  PROCESS_PRESSURE,
} from './memoryCell.ts';
import { MemoryPool } from './memoryPool.ts';
import { highest, PRESSURE_LEVELS, type PressureLevel, rankOf } from './pressure.ts';

/** What one slot thread has, in bytes. */
export interface MemoryShares {
  /** Batches received from other threads and TaskManagers; more of them wait on disk. Infinity: not limited. */
  readonly networkBytes: number;
  /** Parts of snapshots that are on their way to the checkpoint storage; more of them wait. Infinity: not limited. */
  readonly snapshotBytes: number;
}

export const UNLIMITED: MemoryShares = {
  networkBytes: Number.POSITIVE_INFINITY,
  snapshotBytes: Number.POSITIVE_INFINITY,
};

export class MemoryManager {
  readonly network: MemoryPool;
  readonly snapshots: MemoryPool;
  readonly #cell: MemoryCell;
  readonly #listeners = new Set<(level: PressureLevel) => void>();
  #own: PressureLevel = 'none';
  #level: PressureLevel = 'none';

  constructor({ networkBytes, snapshotBytes }: MemoryShares = UNLIMITED, cell: MemoryCell = newMemoryCell()) {
    this.network = new MemoryPool(networkBytes);
    this.snapshots = new MemoryPool(snapshotBytes);
    this.#cell = cell;
  }

  /** The thread's pressure or the process's, whichever is higher. */
  get level(): PressureLevel {
    return this.#level;
  }

  /** Takes the thread's own level; listeners hear of each change. */
  pressed(level: PressureLevel): void {
    this.#own = level;
    this.#cell[PRESSURE] = rankOf(level);
    const now = highest(this.#own, PRESSURE_LEVELS[this.#cell[PROCESS_PRESSURE]!] ?? 'none');
    if (now === this.#level) return;
    this.#level = now;
    for (const listener of this.#listeners) listener(now);
  }

  onPressure(listener: (level: PressureLevel) => void): void {
    this.#listeners.add(listener);
  }

  /** Caches of state take so much by now. */
  countManaged(bytes: number): void {
    this.#cell[MANAGED_USED] = bytes;
  }

  /** What of received batches lies on disk changed by so much. */
  countSpilled(bytes: number): void {
    this.#cell[NETWORK_SPILLED]! += bytes;
  }

  /** Puts down what its pools hold, for the main thread. */
  publish(): void {
    this.#cell[NETWORK_USED] = this.network.usedBytes;
  }
}
