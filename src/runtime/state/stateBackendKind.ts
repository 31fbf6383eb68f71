// The state backends that there are, by the names that configuration and jobs have for them.

export const stateBackendKinds = ['hashmap', 'lmdb'] as const;

/** `hashmap`: in heap. `lmdb`: on disk behind a cache, for state larger than memory. */
export type StateBackendKind = (typeof stateBackendKinds)[number];
