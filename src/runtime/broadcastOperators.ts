// The operators of a stream connected to a broadcast one. Each subtask keeps the broadcast state whole and stores it with every checkpoint; restored at
// another parallelism, each takes one of the copies, which are all the same.
import type {
  BroadcastProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  ReadOnlyBroadcastState,
} from './broadcastFunctions.ts';
import { guarded, twoInputs } from './coOperators.ts';
import { TaskError } from './errors.ts';
import { identityOf } from './keyedOperators.ts';
import type { OperatorFactory, OperatorRuntime } from './operator.ts';
import type { ChainNode, FactoriesOf, KeySelector } from './operatorSpec.ts';
import { keyedProcessContext, processContext, withTimers } from './processContexts.ts';
import type { MapStateDescriptor } from './state/descriptors.ts';
import { FunctionState } from './state/functionState.ts';
import { keyOfIdentity } from './state/keyOfIdentity.ts';
import type { MapState } from './state/states.ts';
import { type FunctionProvider, instanceOf, lifecycleOf, runtimeContext } from './userFunction.ts';

type AnyFunction = BroadcastProcessFunction<unknown, unknown, unknown>;
type AnyKeyedFunction = KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>;
type AnyMap = MapStateDescriptor<unknown, unknown>;

export type BroadcastSpec =
  | {
      readonly type: 'broadcastProcess';
      readonly descriptors: readonly AnyMap[];
      readonly fn: FunctionProvider<AnyFunction>;
    }
  | {
      readonly type: 'keyedBroadcastProcess';
      readonly descriptors: readonly AnyMap[];
      readonly key: KeySelector;
      readonly fn: FunctionProvider<AnyKeyedFunction>;
    };

const broadcastProcess: OperatorFactory<Extract<BroadcastSpec, { type: 'broadcastProcess' }>> = (
  node,
  spec,
  output,
  runtime,
) => {
  const { name } = node;
  const fn = instanceOf<AnyFunction>(spec.fn, 'processElement', name);
  const states = new BroadcastStates(node, spec.descriptors, runtime);
  const { collect: out } = output;
  const { context: base, advance } = processContext(output, runtime);
  const context = Object.assign(base, { getBroadcastState: states.readOnly });
  const { context: otherBase } = processContext(output, runtime);
  const broadcastContext = Object.assign(otherBase, {
    getBroadcastState: states.writable,
    timerService: base.timerService,
  });
  return {
    inputs: twoInputs(output, advance, [
      guarded(name, (value) => fn.processElement(value, context, out)),
      guarded(name, (value) => fn.processBroadcastElement(value, broadcastContext, out)),
    ]),
    ...lifecycleOf(fn, node, runtime, runtimeContext(name, runtime)),
  };
};

const keyedBroadcastProcess: OperatorFactory<Extract<BroadcastSpec, { type: 'keyedBroadcastProcess' }>> = (
  node,
  spec,
  output,
  runtime,
) => {
  const { name } = node;
  const fn = instanceOf<AnyKeyedFunction>(spec.fn, 'processElement', name);
  const states = new BroadcastStates(node, spec.descriptors, runtime);
  const backend = runtime.keyedState(node);
  const { collect: out } = output;
  const readable = { getBroadcastState: states.readOnly };
  const { timers, context } = keyedProcessContext(name, fn as never, backend, output, runtime, readable);
  const { context: base } = processContext(output, runtime);
  const applyToKeyedState = (descriptor: AnyMap, apply: (key: unknown, state: unknown) => void): void => {
    for (const [key] of backend.entries(descriptor)) {
      backend.setCurrentKey(key);
      apply(keyOfIdentity(key), backend.getState(descriptor));
    }
  };
  const broadcastContext: KeyedBroadcastContext = Object.assign(base, {
    getBroadcastState: states.writable,
    timerService: context.timerService,
    applyToKeyedState: applyToKeyedState as KeyedBroadcastContext['applyToKeyedState'],
  });
  const process = guarded(name, (value) => fn.processElement(value, context, out));
  return {
    inputs: twoInputs(output, (watermark) => timers.advance(watermark, output), [
      (value) => {
        backend.setCurrentKey(identityOf(name, spec.key, value));
        process(value);
      },
      guarded(name, (value) => fn.processBroadcastElement(value, broadcastContext, out)),
    ]),
    ...withTimers(timers, lifecycleOf(fn, node, runtime, runtimeContext(name, runtime, backend))),
  };
};

export const broadcastOperators: FactoriesOf<BroadcastSpec> = { broadcastProcess, keyedBroadcastProcess };

class BroadcastStates {
  readonly #operator: string;
  readonly #descriptors: ReadonlyMap<string, AnyMap>;
  readonly #state: FunctionState;
  readonly #views = new Map<string, ReadOnlyBroadcastState<unknown, unknown>>();

  constructor({ uid, name }: ChainNode, descriptors: readonly AnyMap[], { context, keep }: OperatorRuntime) {
    this.#operator = name;
    this.#descriptors = new Map(descriptors.map((descriptor) => [descriptor.name, descriptor]));
    const state = new FunctionState(context);
    this.#state = state;
    keep({
      kind: 'value',
      // The function may have state of its own under the operator's uid.
      uid: `${uid}.broadcast`,
      operator: name,
      snapshot: () => state.snapshot(),
      restore: (parts, own, all) => state.restore(own ? parts[0] : null, all),
    });
  }

  readonly writable = <K, V>({ name }: MapStateDescriptor<K, V>): MapState<K, V> => {
    const descriptor = this.#descriptors.get(name);
    if (descriptor !== undefined) return this.#state.getBroadcastState(descriptor) as MapState<never, never>;
    throw new TaskError(
      'STATE_UNUSABLE',
      `Operator '${this.#operator}' asks for the broadcast state '${name}', which broadcast(…) was not given.`,
    );
  };

  /** What would change it is not there, so that a cast does not help. */
  readonly readOnly = <K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V> => {
    const known = this.#views.get(descriptor.name);
    if (known !== undefined) return known as ReadOnlyBroadcastState<never, never>;
    const state = this.writable(descriptor) as MapState<unknown, unknown>;
    const view: ReadOnlyBroadcastState<unknown, unknown> = {
      get: (key) => state.get(key),
      contains: (key) => state.contains(key),
      entries: () => state.entries(),
      keys: () => state.keys(),
      values: () => state.values(),
      isEmpty: () => state.isEmpty(),
    };
    this.#views.set(descriptor.name, view);
    return view as ReadOnlyBroadcastState<never, never>;
  };
}
