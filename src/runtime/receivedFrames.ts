// Frames that have come to a task and wait for their turn. Credit bounds how many there are, but not what they weigh: a task with many producers
// of large records may be sent far more than there is memory. So they wait in the thread's network memory as far as that reaches, and on disk
// beyond it. Their order is the gate's affair.
import type { DiskManager, DiskOwner } from './disk/diskManager.ts';
import { type Spilled, SpillFile } from './disk/spillFile.ts';
import type { MemoryManager } from './memory/memoryManager.ts';
import type { Reservation } from './memory/memoryPool.ts';

/** Frames take no more than this share of network memory when memory is short. */
const SHARE_UNDER_PRESSURE = 1 / 2;

export interface WaitingFrame {
  /** Its bytes, once; it waits here no longer. */
  take(): Uint8Array;
}

/** Where frames wait, as a gate sees it. */
export interface FrameStore {
  /** Throws TaskError where there is no room on disk either. */
  hold(frame: Uint8Array): WaitingFrame;
  /** The task has ended: what waits is gone. */
  close(): void;
}

/** For gates that nobody bounds: in memory. */
export const IN_MEMORY: FrameStore = {
  hold: (frame) => ({ take: () => frame }),
  close() {},
};

export class ReceivedFrames implements FrameStore {
  readonly #memory: MemoryManager;
  readonly #disk: DiskManager;
  readonly #owner: DiskOwner;
  readonly #name: string;
  #file: SpillFile | null = null;
  #spilledBytes = 0;

  constructor(memory: MemoryManager, disk: DiskManager, owner: DiskOwner) {
    this.#memory = memory;
    this.#disk = disk;
    this.#owner = owner;
    const { jobId, vertex, subtask, attempt } = owner;
    this.#name = `${jobId}/${vertex}/${subtask}/${attempt}`;
  }

  hold(frame: Uint8Array): WaitingFrame {
    const { network, level } = this.#memory;
    const short = level === 'high' && network.usedBytes > network.totalBytes * SHARE_UNDER_PRESSURE;
    const room = short ? null : network.take(this.#name, frame.length);
    return room === null ? this.#spilled(frame) : inMemory(frame, room);
  }

  close(): void {
    this.#memory.network.end(this.#name);
    this.#count(-this.#spilledBytes);
    this.#file?.close();
    this.#file = null;
  }

  #spilled(frame: Uint8Array): WaitingFrame {
    this.#file ??= new SpillFile(this.#disk.open(this.#owner, 'file'));
    const file = this.#file;
    const spilled: Spilled = file.write(frame);
    this.#count(spilled.storedBytes);
    return {
      take: () => {
        this.#count(-spilled.storedBytes);
        return file.read(spilled);
      },
    };
  }

  #count(bytes: number): void {
    this.#spilledBytes += bytes;
    this.#memory.countSpilled(bytes);
  }
}

function inMemory(frame: Uint8Array, room: Reservation): WaitingFrame {
  return {
    take: () => {
      room.release();
      return frame;
    },
  };
}
