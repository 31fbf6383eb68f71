// Where tests keep what snapshots store beside their index.
import type { Load, Store } from '../../src/runtime/operatorState.ts';

const refused = (): Promise<never> => Promise.reject(new Error('a small state was stored in several parts'));

/** For state too small to be stored in parts. */
export const inOnePart = {
  store: { write: refused, share: refused, refer: ({ handle }) => handle } satisfies Store,
  load: refused satisfies Load,
  handleOf: (name: string) => name,
};
