// The one way in: an input becomes events.
import type { Envelope, Policy } from './inputs.ts';
import type { Commit } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

/**
 * Decides a run of inputs and folds the outcome into `speculative` (the leader's own state ahead of the log). Returns the Commits to
 * append, in order, with epoch, seq and at filled in; [] where nothing was decided. Each leaves a valid state; the cause of an input stands
 * on the last Commit of its decision. Inputs whose cause is at or below `speculative.inputs` are skipped (already answered).
 */
export declare function propose(speculative: ClusterState, inputs: readonly Envelope[], policy: Policy): Commit[];

/** The next time (Unix ms, the ledger's time) at which a DeadlinePassed input is due, or null. */
export declare function nextDeadline(state: Readonly<ClusterState>): number | null;

/** A deep copy, for the leader's speculative state. */
export declare function copyState(state: Readonly<ClusterState>): ClusterState;
