// The barrier of a checkpoint that drains a source's task: event time goes to its end first, and what that makes the chain emit belongs before the
// barrier, however long there is no room for it. A checkpoint that is aborted meanwhile has none.
import type { Suspensions } from './suspensions.ts';

export class Drain {
  readonly #suspensions: Suspensions;
  /** Checkpoints whose barrier waits: as many as are under way at once. */
  readonly #waiting = new Set<number>();

  constructor(suspensions: Suspensions) {
    this.#suspensions = suspensions;
  }

  /** Has both called when the task runs, `barrier` behind everything that `endTime` makes the chain emit. Once for a checkpoint that waits. */
  begin(checkpointId: number, endTime: () => void, barrier: () => void): void {
    if (this.#waiting.has(checkpointId)) return;
    this.#waiting.add(checkpointId);
    const step = (action: () => void): void =>
      this.#suspensions.add(() => {
        if (this.#waiting.has(checkpointId)) action();
        return true;
      });
    step(endTime);
    step(() => {
      this.#waiting.delete(checkpointId);
      barrier();
    });
  }

  abort(checkpointId: number): void {
    this.#waiting.delete(checkpointId);
  }
}
