// A leader's own state ahead of the log, and the deciding on it. What is decided is folded here at once and handed to the writer, so the
// next decision sees it. It is always the replica's state plus the Commits in flight; that is how it is rebuilt when core fails on an
// input, which then costs that input and not the term.
import { copyState, propose } from '../core/decide.ts';
import type { Envelope, Input, Policy } from '../core/inputs.ts';
import { applyRecord } from '../core/ledger.ts';
import type { Cause, Commit } from '../core/schema.gen.ts';
import { nextDeadline } from '../core/settle.ts';
import type { ClusterState } from '../core/state.ts';
import type { Logger } from '../ports/logger.ts';
import { traceOf } from './errors.ts';
import { type FeedEntry, inputKey } from './inputFeed.ts';

/** An input, with the entry that it came from; null for an observation. */
export interface Proposal {
  readonly input: Input;
  readonly entry: FeedEntry | null;
}

/** An input that cannot be taken, and why. */
export interface Refusal {
  readonly entry: FeedEntry;
  readonly reason: string;
}

export interface SpeculationOptions {
  /** The replica's state. */
  readonly base: Readonly<ClusterState>;
  readonly inFlight: readonly Commit[];
  /** As of now. */
  readonly policy: () => Policy;
  readonly logger: Logger;
  /** The ledger's time. */
  readonly now: () => number;
  readonly write: (commits: readonly Commit[]) => void;
}

export class Speculation {
  readonly #options: SpeculationOptions;
  #state: ClusterState;
  /** The highest input of each partition that was handed to core, and the highest that a Commit names. */
  readonly #consumed = new Map<string, Cause>();
  readonly #recorded: Map<string, number>;

  constructor(options: SpeculationOptions) {
    this.#options = options;
    this.#state = copyState(options.base);
    this.#recorded = new Map(options.base.inputs);
  }

  nextDeadline(): number | null {
    return nextDeadline(this.#state, this.#options.policy());
  }

  /** Decides, folds, and hands the Commits to the writer. Returns the inputs that core failed on: a bug, and no reason to stop leading. */
  decide(proposals: readonly Proposal[]): Refusal[] {
    if (proposals.length === 0) return [];
    const at = this.#options.now();
    const envelopes = proposals.map(
      ({ input, entry }): Envelope => ({ at, cause: entry === null ? null : causeOf(entry), input }),
    );
    let commits: Commit[];
    try {
      commits = propose(this.#state, envelopes, this.#options.policy());
    } catch (error) {
      // The state is half changed. What was written stands, so fold that again; the seqs of the failed call were never written and may be
      // given anew. Then each input goes alone, so that only the one at fault is refused.
      this.#rebuild();
      if (proposals.length > 1) return proposals.flatMap((proposal) => this.decide([proposal]));
      const [{ input, entry }] = proposals as readonly [Proposal];
      const trace = traceOf(error);
      this.#options.logger.error({ type: input.type, error: trace }, 'an input could not be decided and is refused');
      return entry === null ? [] : [{ entry, reason: `Deciding it failed, which is a bug: ${trace}` }];
    }
    for (const commit of commits) for (const cause of commit.causes) this.#record(cause);
    this.#options.write(commits);
    return [];
  }

  /** The entries need no more of core: decided, or refused for good. */
  consumed(entries: readonly FeedEntry[]): void {
    for (const entry of entries) {
      const cause = causeOf(entry);
      this.#consumed.set(inputKey(cause.topic, cause.partition), cause);
    }
  }

  /** Inputs consumed that no Commit names yet. */
  unrecorded(): number {
    let inputs = 0;
    for (const [key, { offset }] of this.#consumed) inputs += Math.max(0, offset - (this.#recorded.get(key) ?? -1));
    return inputs;
  }

  /** Has a Commit name them, so that the next leader need not read them again. */
  checkpointInputs(): void {
    const causes = [...this.#consumed].flatMap(([key, cause]) =>
      cause.offset > (this.#recorded.get(key) ?? -1) ? [cause] : [],
    );
    if (causes.length > 0) this.decide([{ input: { type: 'CheckpointInputs', causes }, entry: null }]);
  }

  #record(cause: Cause): void {
    const key = inputKey(cause.topic, cause.partition);
    this.#recorded.set(key, Math.max(cause.offset, this.#recorded.get(key) ?? -1));
  }

  #rebuild(): void {
    this.#state = copyState(this.#options.base);
    for (const commit of this.#options.inFlight) {
      const verdict = applyRecord(this.#state, commit, this.#state.offset);
      if (verdict !== 'counted') {
        throw new Error(`own Commit ${commit.epoch}/${commit.seq} does not follow the replica's state`);
      }
    }
  }
}

function causeOf({ topic, delivery }: FeedEntry): Cause {
  return { topic, partition: delivery.partition, offset: delivery.offset };
}
