// What an operator is to the runtime: an object, built once a task, that takes records and the time between them at its inputs and emits to
// its output. Records are passed by plain calls of closures, so that a chain costs no more than the functions in it. Most operators have one
// input and nothing to say to time: `oneInput` makes those. Where an operator is built, see operators.ts.
import type { ChainNode } from './operatorSpec.ts';
import type { OperatorState } from './operatorState.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { Collect, TaskContext } from './taskContext.ts';

/** Receives what an operator, a gate or a source sends on. */
export interface OperatorInput {
  readonly collect: Collect;
  /** Event time has come to this point at this input; it never goes back. */
  readonly watermark: (timestamp: number) => void;
  /** Nothing is to be expected for a while, or there is again. */
  readonly status: (idle: boolean) => void;
}

/** Where an operator emits. `watermark` and `status` reach the consumers of the side outputs as well. */
export interface Output extends OperatorInput {
  /** Entry of the side output with this tag; records nobody consumes are dropped. Asked for once, when the operator is built. */
  side(tag: string): Collect;
  /** Whether the side output has a consumer. */
  hasSide(tag: string): boolean;
}

export interface StreamOperator {
  /** By port: most operators have one; those of connected and joined streams two. */
  readonly inputs: readonly OperatorInput[];
  /** Before the first record, behind the restoring of state and from the end of the chain to its head. */
  open?(): Promise<void> | void;
  /** Nothing comes any more at any input: the last that it may emit. Not called where the job stops with a savepoint. */
  endOfInput?(): void;
  /** The attempt ends, however. Called once, also if `open` failed. */
  close?(): Promise<void> | void;
}

/** What an operator may ask of its task. */
export interface OperatorRuntime {
  readonly context: TaskContext;
  /** The job runs as batch: each key's result is emitted once, at the end, and there is no event time before. */
  readonly batch: boolean;
  /** Makes state of the operator part of its task's. */
  keep(state: OperatorState): void;
  /** Where the operator keeps its keyed state, which is part of its task's. Asked for once, when the operator is built. */
  keyedState(node: ChainNode): KeyedStateBackend;
}

/** Builds an operator of a task. */
export type OperatorFactory<Spec> = (
  node: ChainNode,
  spec: Spec,
  output: Output,
  runtime: OperatorRuntime,
) => StreamOperator;

/** An operator with one input that leaves time as it is. */
export function oneInput(output: Output, collect: Collect): StreamOperator {
  return { inputs: [{ collect, watermark: output.watermark, status: output.status }] };
}

/**
 * The watermark and status of two inputs as one: the lesser watermark of those that are not idle. `advanced` is called with what follows, always
 * with a greater watermark than before.
 */
export function combineTwoInputs(
  output: OperatorInput,
): readonly [Omit<OperatorInput, 'collect'>, Omit<OperatorInput, 'collect'>] {
  const watermarks = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const idle = [false, false];
  let last = Number.NEGATIVE_INFINITY;
  const advance = (): void => {
    const least = Math.min(...watermarks.filter((_, port) => !idle[port]));
    if (least === Number.POSITIVE_INFINITY || least <= last) return;
    last = least;
    output.watermark(least);
  };
  const port = (index: 0 | 1): Omit<OperatorInput, 'collect'> => ({
    watermark(timestamp) {
      watermarks[index] = timestamp;
      advance();
    },
    status(isIdle) {
      const wasIdle = idle[0]! && idle[1]!;
      idle[index] = isIdle;
      const nowIdle = idle[0]! && idle[1]!;
      if (wasIdle !== nowIdle) output.status(nowIdle);
      else if (isIdle) advance();
    },
  });
  return [port(0), port(1)];
}
