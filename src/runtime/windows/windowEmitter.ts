// Turns what a window holds into results, by the window's function where there is one, and emits them with the last timestamp of the window.

import { inOperator } from '../errors.ts';
import type { OperatorRuntime, Output } from '../operator.ts';
import type { ChainNode } from '../operatorSpec.ts';
import { sideOutputs } from '../processContexts.ts';
import type { KeyedStateBackend, Namespace } from '../state/keyedStateBackend.ts';
import { keyOfIdentity } from '../state/keyOfIdentity.ts';
import { instanceOf, type Lifecycle, lifecycleOf, runtimeContext } from '../userFunction.ts';
import { namespaceOf, type Window } from './window.ts';
import type {
  KeyedStateStore,
  ProcessAllWindowFunction,
  ProcessWindowContext,
  ProcessWindowFunction,
} from './windowFunctions.ts';
import type { WindowResult } from './windowSpec.ts';

export interface WindowTime {
  currentProcessingTime(): number;
  currentWatermark(): number;
}

export interface WindowEmitter {
  /** For the current key. */
  emit(window: Window, elements: readonly unknown[]): void;
  /** The window of the current key is over. */
  clear(window: Window): void;
  readonly lifecycle: Lifecycle;
}

export function windowEmitter(
  node: Pick<ChainNode, 'uid' | 'name'>,
  result: WindowResult | null,
  output: Output,
  runtime: OperatorRuntime,
  backend: KeyedStateBackend,
  view: WindowTime,
): WindowEmitter {
  const operator = node.name;
  const { time } = runtime.context;
  const { collect } = output;
  const at = (window: Window, action: () => void): void => {
    const before = time.timestamp;
    time.timestamp = window.maxTimestamp();
    action();
    time.timestamp = before;
  };
  if (result === null) {
    return {
      emit: (window, elements) => at(window, () => elements.forEach((element) => void collect(element))),
      clear() {},
      lifecycle: {},
    };
  }
  const keyed = result.kind === 'keyed' ? instanceOf<KeyedFunction>(result.fn, 'process', operator) : null;
  const all = result.kind === 'all' ? instanceOf<AllFunction>(result.fn, 'process', operator) : null;
  const fn = (keyed ?? all)!;
  const context = new EmitterContext(view, sideOutputs(output), backend);
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
  return {
    emit: (window, elements) =>
      at(window, () =>
        guarded(() => {
          context.window = window;
          if (keyed !== null) keyed.process(keyOfIdentity(backend.currentKey!), context, elements, collect);
          else all!.process(context, elements, collect);
        }),
      ),
    clear: (window) => {
      if (fn.clear === undefined) return;
      context.window = window;
      guarded(() => fn.clear?.(context));
    },
    lifecycle: lifecycleOf(fn, node, runtime, runtimeContext(operator, runtime, backend)),
  };
}

type KeyedFunction = ProcessWindowFunction<unknown, unknown, unknown, Window>;
type AllFunction = ProcessAllWindowFunction<unknown, unknown, Window>;

class EmitterContext implements ProcessWindowContext<Window> {
  window!: Window;
  readonly output: ProcessWindowContext<Window>['output'];
  readonly #view: WindowTime;
  readonly #windowState: KeyedStateStore;
  readonly #globalState: KeyedStateStore;

  constructor(view: WindowTime, output: ProcessWindowContext<Window>['output'], backend: KeyedStateBackend) {
    this.#view = view;
    this.output = output;
    this.#windowState = { getState: statesIn(backend, () => namespaceOf(this.window)) };
    this.#globalState = { getState: backend.getState.bind(backend) };
  }

  currentProcessingTime(): number {
    return this.#view.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#view.currentWatermark();
  }

  windowState(): KeyedStateStore {
    return this.#windowState;
  }

  globalState(): KeyedStateStore {
    return this.#globalState;
  }
}

/** State of windows has names of its own, so that it never shares an object with state that is not of a window. */
function statesIn(backend: KeyedStateBackend, namespace: () => Namespace): KeyedStateBackend['getState'] {
  const own = new WeakMap<object, { readonly name: string }>();
  const get = (descriptor: { readonly name: string }): unknown => {
    let known = own.get(descriptor);
    if (known === undefined) {
      known = Object.create(descriptor, { name: { value: `window.${descriptor.name}` } }) as { readonly name: string };
      own.set(descriptor, known);
    }
    return (backend.getState as (of: unknown, namespace: Namespace) => unknown)(known, namespace());
  };
  return get as KeyedStateBackend['getState'];
}
