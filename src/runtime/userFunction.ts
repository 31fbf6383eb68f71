// User functions: plain functions, or rich ones, which are objects with the same method and a life of their own (open, close). Every subtask has
// a copy of its own of a rich function, as in Flink, where each is deserialised anew; what it keeps in its fields is therefore never shared
// between subtasks, whether they run in one thread or not.
import { type CheckpointedFunction, checkpointed } from './checkpointedFunction.ts';
import { inOperator, TaskError } from './errors.ts';
import { identityOf } from './keyedOperators.ts';
import type { OperatorRuntime, StreamOperator } from './operator.ts';
import type { ChainNode, KeySelector } from './operatorSpec.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './state/descriptors.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './state/states.ts';
import { type ConnectorContext, subtaskContext } from './subtaskContext.ts';
import type { Collect } from './taskContext.ts';

/** What a rich function may ask about the subtask it runs in. */
export interface RuntimeContext extends ConnectorContext {
  /**
   * State of the current key, on a keyed stream; its name is its identity within the operator. Ask in `open`, and keep what is returned: it always is
   * of the key whose record or timer is being processed. Throws TaskError STATE_UNUSABLE on a stream without keys.
   */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT>;
}

/** The life of a rich function. */
export interface RichFunction extends Partial<CheckpointedFunction> {
  /** Before the first record; state is restored by then. A promise is waited for. */
  open?(context: RuntimeContext): Promise<void> | void;
  /** The subtask ends, however it does. */
  close?(): Promise<void> | void;
}

/** A rich function, of which each subtask gets a copy, or its class, of which each makes an instance. */
export type FunctionProvider<F extends object> = F | (new () => F);

/** A function by itself, or a rich function that has it as the method `Name`. */
export type UserFunction<Name extends string, Call extends (...args: never[]) => unknown> =
  | Call
  | FunctionProvider<RichFunction & { readonly [N in Name]: Call }>;

export type Lifecycle = Pick<StreamOperator, 'open' | 'close'>;

/** The call of the function, and its life where it has one. */
export function userFunction<Name extends string, Call extends (...args: never[]) => unknown>(
  fn: UserFunction<Name, Call>,
  method: Name,
  node: ChainNode,
  runtime: OperatorRuntime,
  key?: KeySelector,
): {
  readonly call: Call;
  readonly lifecycle: Lifecycle;
  /** What takes the operator's records, with the record's key as the current one where the function may ask for it. */
  readonly keyed: (collect: Collect) => Collect;
} {
  const operator = node.name;
  const own = instanceOf<RichFunction & { readonly [N in Name]: Call }>(fn, method, operator);
  if (own[method] === fn) return { call: own[method], lifecycle: {}, keyed: (collect) => collect };
  const backend = key === undefined ? null : runtime.keyedState(node);
  return {
    // Bound once: a call through the object would cost each record a lookup.
    call: own[method].bind(own) as Call,
    lifecycle: lifecycleOf(own, node, runtime, runtimeContext(operator, runtime, backend)),
    keyed: (collect) => {
      if (key === undefined || backend === null) return collect;
      return (value) => {
        backend.setCurrentKey(identityOf(operator, key, value));
        collect(value);
      };
    },
  };
}

/** The subtask's own instance. A plain function stands for an object that has it as `method`. */
export function instanceOf<F extends object>(
  provider: FunctionProvider<F> | ((...args: never[]) => unknown),
  method: keyof F & string,
  operator: string,
): F {
  if (typeof provider !== 'function') return copyOf(provider);
  if (!isClass(provider)) return { [method]: provider } as unknown as F;
  try {
    return new provider();
  } catch (error) {
    throw inOperator(operator, error);
  }
}

export function lifecycleOf(
  fn: RichFunction,
  node: Pick<ChainNode, 'uid' | 'name'>,
  runtime: OperatorRuntime,
  context: RuntimeContext,
): Lifecycle {
  const operator = node.name;
  const initialize = checkpointed(fn, node, runtime);
  const named = (action: () => Promise<void> | void): Promise<void> | void => {
    try {
      return action()?.catch((error: unknown) => {
        throw inOperator(operator, error);
      });
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
  return {
    ...(typeof fn.open === 'function' || initialize !== null
      ? {
          open: () => {
            initialize?.();
            return named(() => fn.open?.(context));
          },
        }
      : {}),
    ...(typeof fn.close === 'function' ? { close: () => named(() => fn.close!()) } : {}),
  };
}

/** `backend`: where the operator keeps its keyed state; without it there is none. */
export function runtimeContext(
  operator: string,
  { context }: OperatorRuntime,
  backend: KeyedStateBackend | null = null,
): RuntimeContext {
  const states = (): KeyedStateBackend => {
    if (backend !== null) return backend;
    throw new TaskError(
      'STATE_UNUSABLE',
      `Operator '${operator}' asks for keyed state, but is not on a keyed stream. Use keyBy(…) and process(…).`,
    );
  };
  return {
    getState: (descriptor) => states().getState(descriptor),
    getListState: (descriptor) => states().getState(descriptor),
    getMapState: (descriptor) => states().getState(descriptor),
    getReducingState: (descriptor) => states().getState(descriptor),
    getAggregatingState: (descriptor) => states().getState(descriptor),
    ...subtaskContext(operator, context),
  };
}

/** Whether a function is a class, which needs `new`. */
export function isClass(fn: unknown): fn is new () => never {
  return typeof fn === 'function' && /^class\b/.test(Function.prototype.toString.call(fn));
}

/** Fields are copied as data, but functions among them are the same. */
function copyOf<F extends object>(fn: F): F {
  const copy = Object.create(Object.getPrototypeOf(fn)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fn)) copy[name] = copyField(value);
  return copy as F;
}

function copyField(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return structuredClone(value);
  } catch {
    // A connection, an object with functions: not data.
    return value;
  }
}
