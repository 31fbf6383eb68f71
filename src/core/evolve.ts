import type { ClusterEvent } from './schema.gen.ts';
import type { ClusterState } from './state.ts';
export declare function evolve(state: ClusterState, event: ClusterEvent): void;
