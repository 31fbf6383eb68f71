// Hands out a state of all keys, as far as there is room; the rest as soon as there is again.
import type { ValueStateDescriptor } from './state/descriptors.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { TaskContext } from './taskContext.ts';

/** Calls `emit` with the state of each key that has any. State must not change meanwhile. */
export function emitAll(
  context: Pick<TaskContext, 'pressure' | 'suspend'>,
  backend: KeyedStateBackend,
  descriptor: ValueStateDescriptor<unknown>,
  emit: (value: unknown) => void,
): void {
  const entries = backend.entries(descriptor)[Symbol.iterator]();
  const goOn = (): boolean => {
    while (context.pressure.blocked === 0) {
      const { value: entry, done } = entries.next();
      if (done === true) return true;
      const [key, namespace] = entry;
      backend.setCurrentKey(key);
      emit(backend.getState(descriptor, namespace).value());
    }
    return false;
  };
  if (!goOn()) context.suspend(goOn);
}
