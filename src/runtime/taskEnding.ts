// How a task comes to its end once its input is over: its operators emit the last that they have, each behind those that feed it, and then its
// outputs let go of everything. Where the job ends with a last checkpoint, two-phase sinks keep what they have until that is complete.
import type { AttemptState } from '../core/schema.gen.ts';
import { reasonOf } from './errors.ts';
import { MAX_WATERMARK } from './streamTime.ts';
import { outputsOf, type TaskParts } from './taskWiring.ts';

/**
 * `ending`: the input is over, and operators emit the last that they have; `draining`: that is sent; `holding`: it is, and the job's last checkpoint
 * is waited for.
 */
export type TaskPhase = 'opening' | 'running' | 'ending' | 'draining' | 'holding' | 'releasing' | 'ended';

export class TaskEnding {
  readonly #parts: TaskParts;
  #waitsForCheckpoint: boolean;
  #steps: (() => void)[] = [];

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.#waitsForCheckpoint = parts.finalCheckpoint;
  }

  /** The last checkpoint is still to come. */
  get waitsForCheckpoint(): boolean {
    return this.#waitsForCheckpoint;
  }

  checkpointed(): void {
    this.#waitsForCheckpoint = false;
  }

  begin(): void {
    const { gate, chain } = this.#parts;
    const { inputs, operators } = chain;
    // Behind a gate the producers' ends have said so already.
    const last = gate === null ? [() => inputs[0]!.watermark(MAX_WATERMARK)] : [];
    this.#steps = [...last, ...operators.map((operator) => () => operator.endOfInput?.())];
  }

  /** Lets operators emit as long as there is room. True: they are done. */
  emit(hasRoom: () => boolean): boolean {
    while (hasRoom()) {
      const step = this.#steps.shift();
      if (step === undefined) return true;
      step();
    }
    return false;
  }

  /** True: everything is handed over, as far as it is to be by now. `stopping`: the task stands behind the barrier of a checkpoint that stops the job. */
  drain(stopping: boolean): boolean {
    const { writers, sinks } = this.#parts;
    if (this.#waitsForCheckpoint && !stopping)
      return all([
        ...writers.map((writer) => () => writer.finish()),
        ...sinks.map((sink) => () => sink.endInput?.() ?? true),
      ]);
    // Behind the barrier nothing is sent, not even that the input is over: the consumers end by themselves.
    return all((stopping ? sinks : outputsOf(this.#parts)).map((output) => () => output.finish()));
  }
}

/**
 * How a task ends that was to end as said, where `error` is what closing its functions threw, if anything: what a function hands over as it is
 * closed belongs to its work, while one that has failed or is cancelled has none to lose.
 */
export function endedAs(state: AttemptState, reason: string | null, error: unknown): [AttemptState, string | null] {
  return state === 'FINISHED' && error !== undefined ? ['FAILED', reasonOf(error)] : [state, reason];
}

/** All of them are asked, so that they drain at the same time. */
function all(asks: readonly (() => boolean)[]): boolean {
  return asks.map((ask) => ask()).every((done) => done);
}
