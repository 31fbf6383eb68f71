// What a thread does about a heap that is nearly full of state: moves the largest heap backend of its tasks to disk, one at a time, as long as
// heap is short. Flink's heap backend dies instead. It stops the thread for about a second per million values; the task runs on at the pace of
// the LMDB backend, and is in heap again when it is restarted.
import { reasonOf, TaskError } from '../errors.ts';
import type { HeapBackend, HeapSuccessor } from './heapBackend.ts';

/** State that takes less than this is not what fills the heap. */
const MIN_MOVED_BYTES = 2 * 2 ** 20;

interface Candidate {
  /** A place on disk that takes the state over; null: what is needed for it is being loaded. */
  readonly successor: () => HeapSuccessor | null;
  /** The task cannot go on. */
  readonly fail: (error: unknown) => void;
}

export class HeapOverflow {
  readonly #candidates = new Map<HeapBackend, Candidate>();
  /** Backends that were moved, ever. */
  moved = 0;

  add(backend: HeapBackend, candidate: Candidate): void {
    this.#candidates.set(backend, candidate);
  }

  remove(backend: HeapBackend): void {
    this.#candidates.delete(backend);
  }

  /** Moves one. `coming`: none yet, but soon; `none`: state is not what takes the heap. */
  relieve(alive: () => void): 'done' | 'coming' | 'none' {
    const [largest] = [...this.#candidates]
      .map(([backend, candidate]) => ({ backend, candidate, bytes: backend.guessBytes() }))
      .filter(({ bytes }) => bytes >= MIN_MOVED_BYTES)
      .sort((left, right) => right.bytes - left.bytes);
    if (largest === undefined) return 'none';
    const { backend, candidate } = largest;
    if (backend.busy) return 'coming';
    let successor: HeapSuccessor | null = null;
    try {
      successor = candidate.successor();
      if (successor === null) return 'coming';
      backend.moveTo(successor, alive);
      this.moved++;
    } catch (error) {
      successor?.close();
      const why = `Heap is short, and the task's state could not be moved to disk: ${reasonOf(error)}`;
      candidate.fail(new TaskError(error instanceof TaskError ? error.code : 'IO_FAILED', why, { cause: error }));
    }
    // One that failed has let go of its state, too, or is about to.
    this.remove(backend);
    return 'done';
  }
}
