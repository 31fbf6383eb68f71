// User functions that keep state which belongs to no key, as Flink's CheckpointedFunction: they are asked to bring it up to date at each barrier.
import { inOperator } from './errors.ts';
import type { OperatorRuntime } from './operator.ts';
import type { ChainNode } from './operatorSpec.ts';
import { FunctionState, type OperatorStateStore } from './state/functionState.ts';

export interface FunctionInitializationContext {
  /** The job started from a checkpoint or savepoint in which this function had state. */
  readonly isRestored: boolean;
  readonly operatorStateStore: OperatorStateStore;
}

/** What a rich function may have beside its other methods. */
export interface CheckpointedFunction {
  /** Before `open`, also where there is nothing to restore: asks for its states. */
  initializeState(context: FunctionInitializationContext): void;
  /** At a checkpoint's barrier: brings the states up to date. Synchronous; what it throws declines the checkpoint. */
  snapshotState?(): void;
}

/** Makes the state of a function that has any part of its task's. Null: it has none; else what is to be done before it opens. */
export function checkpointed(
  fn: Partial<CheckpointedFunction>,
  { uid, name: operator }: Pick<ChainNode, 'uid' | 'name'>,
  { context, keep }: Pick<OperatorRuntime, 'context' | 'keep'>,
): (() => void) | null {
  if (typeof fn.initializeState !== 'function') return null;
  const state = new FunctionState(context);
  keep({
    kind: 'value',
    uid,
    operator,
    snapshot() {
      try {
        fn.snapshotState?.();
      } catch (error) {
        throw inOperator(operator, error);
      }
      return state.snapshot();
    },
    needsAll: FunctionState.needsAll,
    restore: (parts, own, all) => state.restore(own ? parts[0] : null, all),
  });
  return () => {
    try {
      fn.initializeState?.({ isRestored: state.isRestored, operatorStateStore: state });
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
}
