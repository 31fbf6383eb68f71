// One term of leadership, from the counted Claim to its end. The leader decides on a speculative state ahead of the log, appends the
// Commits, and acts (effects, replies) only on those that it reads back as counted. A term ends in one of three ways, and never
// resumes: deposed by a higher Claim, released in order, or resigned where it cannot go on; what it had not read back is dropped.
import type { ActorContext } from '../actors/actor.ts';
import type { Channels } from '../codec/channels.ts';
import { effectsOf, pendingEffects } from '../core/effects.ts';
import type { Observation, Policy } from '../core/inputs.ts';
import type { Verdict } from '../core/ledger.ts';
import type { Commit } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { outcomesOfRefusal, placeOf, reasonToRefuse } from './deadLetters.ts';
import { DeadlineTimer } from './deadlineTimer.ts';
import type { ErrandPorts } from './errands.ts';
import { messageOf, traceOf } from './errors.ts';
import type { FeedEntry, InputFeed } from './inputFeed.ts';
import { LedgerClock } from './ledgerClock.ts';
import { LedgerWriter } from './ledgerWriter.ts';
import { type Proposal, type Refusal, Speculation } from './speculation.ts';
import { TermParts } from './termParts.ts';

/** Inputs decided together; they share Commits. */
const MAX_INPUTS_PER_PROPOSAL = 256;
/** Commits not read back yet; beyond it inputs wait and so gather into fewer Commits. */
const MAX_COMMITS_IN_FLIGHT = 64;
/** Observations that wait to be decided. */
const MAX_WAITING_OBSERVATIONS = 10_000;
/** Inputs that decided nothing are recorded after so many, or after the interval. */
const CHECKPOINT_INPUTS = 500;
const CHECKPOINT_INTERVAL_MS = 5_000;
/** A leader whose Commit is not read back for so long resigns: another JobManager may reach the journal. */
const READ_BACK_TIMEOUT_MS = 10_000;

export type TermEnd = 'deposed' | 'released' | 'resigned';

export interface LeaderContext {
  /** The term's own, whose parts are its children. */
  readonly actor: ActorContext;
  readonly id: string;
  readonly restAddress: string;
  readonly channels: Channels;
  readonly clock: Clock;
  /** As of now. */
  readonly policy: () => Policy;
  readonly logger: Logger;
  readonly errands: ErrandPorts;
  readonly feed: InputFeed;
  /** The replica's state: the fold of what counted. */
  readonly state: Readonly<ClusterState>;
  /** Why inputs (by `topic/partition/offset`) must not be decided again: kept over terms, as deciding them ended one. */
  readonly poisoned: Map<string, string>;
  readonly onEnd: (end: TermEnd, reason: string) => void;
}

export class Leader {
  readonly epoch: number;
  readonly #context: LeaderContext;
  readonly #logger: Logger;
  readonly #clock: LedgerClock;
  readonly #writer: LedgerWriter;
  readonly #parts: TermParts;
  readonly #deadline: DeadlineTimer;
  readonly #observations: Observation[] = [];
  readonly #speculation: Speculation;
  #checkpointTimer: Timer | null = null;
  #readBackTimer: Timer | null = null;
  #pumping = false;
  #ended = false;
  /** ShutdownRequested was decided: nothing is decided after it. */
  #closing = false;

  /** Called right after the own Claim was folded as counted: `context.state` is the fold up to it. */
  constructor(context: LeaderContext) {
    this.#context = context;
    this.#logger = context.logger;
    this.epoch = context.state.epoch;
    this.#clock = new LedgerClock(context.clock, context.state.at);
    this.#deadline = new DeadlineTimer(context.clock, this.#clock, () => this.observe({ type: 'DeadlinePassed' }));
    const { channels, logger, state } = context;
    const observe = (observation: Observation) => this.observe(observation);
    this.#parts = new TermParts(context.actor, {
      ports: context.errands,
      channels,
      logger,
      state,
      observe,
      onDrained: () => this.#wake(),
    });
    this.#writer = new LedgerWriter(context.channels, context.clock, context.logger, {
      onUnappendable: (commit, reason) => this.#onUnappendable(commit, reason),
      onClosed: (error) => this.#end('resigned', `the journal is closed: ${error.message}`),
    });
    this.#speculation = new Speculation({
      base: context.state,
      inFlight: this.#writer.inFlight,
      policy: context.policy,
      logger: context.logger,
      now: () => this.#clock.now(),
      write: (commits) => this.#writer.write(commits),
    });
  }

  start(): void {
    this.#context.feed.rewind();
    this.#parts.run(pendingEffects(this.#context.state));
    this.observe({ type: 'ClaimCounted', leaderId: this.#context.id, restAddress: this.#context.restAddress });
    this.#watchReadBack();
  }

  /** Something that this process noticed; false where the term is over or too busy. */
  observe(observation: Observation): boolean {
    if (this.#ended || this.#closing) return false;
    if (this.#observations.length >= MAX_WAITING_OBSERVATIONS) {
      // All are noticed again as long as they hold.
      this.#logger.warn({ type: observation.type }, 'too many observations wait to be decided; this one is dropped');
      return false;
    }
    this.#observations.push(observation);
    this.#wake();
    return true;
  }

  /** Inputs have arrived in the feed. */
  inputsAvailable(): void {
    this.#wake();
  }

  /** Asks a TaskManager that the ledger does not know to register: the only message that follows from no event. */
  requireRegistration(taskManagerId: string): void {
    if (this.#ended) return;
    const reason = 'The ledger does not know this TaskManager, or has counted it as lost.';
    this.#parts.run([
      { type: 'Assign', message: { type: 'RegistrationRequired', epoch: this.epoch, taskManagerId, reason } },
    ]);
  }

  /** Gives leadership up in order; `onEnd('released')` follows once that was read back. */
  release(reason: string): void {
    this.observe({ type: 'ShutdownRequested', leaderId: this.#context.id, reason });
  }

  /** A Claim of a higher epoch counted. */
  depose(by: string): void {
    this.#end('deposed', `${by} leads now`);
  }

  /** The process must not lead any more, and cannot say so through the log. */
  resign(reason: string): void {
    this.#end('resigned', reason);
  }

  /** Resolves when every effect of a released term is durable. */
  flushed(): Promise<void> {
    return this.#parts.drained();
  }

  /** Drops the effects of a released term that are left. */
  close(): void {
    this.#parts.stopEffects();
  }

  /** A Commit was read from the log and folded into `context.state`. */
  onCommit(commit: Commit, verdict: Verdict): void {
    if (this.#ended || commit.epoch !== this.epoch) return;
    const { state } = this.#context;
    if (verdict === 'void') {
      // Below: a repeat of what counted. Above: one before it is missing.
      if (commit.seq > state.seq) this.#writer.holeFound();
      return;
    }
    try {
      this.#writer.counted(commit);
    } catch (error) {
      return this.#end('resigned', `the log holds a Commit of this term that is not its own: ${messageOf(error)}`);
    }
    this.#parts.run(effectsOf(commit.events, state));
    if (commit.events.some((event) => event.type === 'LeadershipReleased')) {
      return this.#end('released', 'leadership was released in order');
    }
    this.#wake();
  }

  #end(end: TermEnd, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline.cancel();
    this.#parts.stopErrands();
    this.#checkpointTimer?.cancel();
    this.#readBackTimer?.cancel();
    this.#writer.stop();
    if (end !== 'released') this.#parts.stopEffects();
    this.#observations.length = 0;
    this.#context.onEnd(end, reason);
  }

  #wake(): void {
    if (this.#pumping || this.#ended) return;
    this.#pumping = true;
    this.#pump().catch((error: unknown) => this.#end('resigned', `deciding failed: ${traceOf(error)}`));
  }

  async #pump(): Promise<void> {
    try {
      while (this.#roomToDecide()) {
        const observations = this.#observations.splice(0, MAX_INPUTS_PER_PROPOSAL);
        const entries = this.#context.feed.take(MAX_INPUTS_PER_PROPOSAL - observations.length);
        if (observations.length === 0 && entries.length === 0) break;
        await this.#decideTogether(observations, entries);
        if (this.#speculation.unrecorded() >= CHECKPOINT_INPUTS || this.#context.feed.full) {
          if (!this.#ended && !this.#closing) this.#speculation.checkpointInputs();
        }
      }
    } finally {
      // Here and not in a continuation: a wake-up between the two would be lost.
      this.#pumping = false;
    }
    if (this.#ended || this.#closing) return;
    this.#deadline.arm(this.#speculation.nextDeadline());
    this.#armCheckpoint();
  }

  async #decideTogether(observations: readonly Observation[], entries: readonly FeedEntry[]): Promise<void> {
    const refused: Refusal[] = [];
    // A shutdown is decided after everything that came with it, and nothing after it.
    const shutdown = observations.find((input) => input.type === 'ShutdownRequested');
    const inputs: Proposal[] = observations.flatMap((input) => (input === shutdown ? [] : [{ input, entry: null }]));
    for (const entry of entries) {
      const reason = reasonToRefuse(entry, this.#context.poisoned);
      if (reason !== null) refused.push({ entry, reason });
      else if (entry.delivery.kind === 'message') inputs.push({ input: entry.delivery.message, entry });
    }
    if (shutdown !== undefined) inputs.push({ input: shutdown, entry: null });
    // Durable before a Commit's causes may step over them, so that no leader's death loses a dead letter.
    if (refused.length > 0) await this.#bury(refused);
    if (this.#ended) return;
    this.#speculation.consumed(entries);
    const failed = this.#speculation.decide(inputs);
    if (shutdown !== undefined) this.#closing = true;
    if (failed.length > 0) await this.#bury(failed);
  }

  #roomToDecide(): boolean {
    if (this.#ended || this.#closing || this.#parts.full) return false;
    return this.#writer.inFlight.length < MAX_COMMITS_IN_FLIGHT;
  }

  /** Resolves once the dead letters are durable; never, where the term ends before. */
  async #bury(refused: readonly Refusal[]): Promise<void> {
    for (const { entry, reason } of refused) {
      const { partition, offset } = entry.delivery;
      this.#logger.warn(
        { topic: entry.topic, partition, offset, reason },
        'an input was refused and goes to dead-letters',
      );
    }
    const outcomes = refused.flatMap(({ entry, reason }) => outcomesOfRefusal(entry, reason));
    await new Promise<void>((resolve) => this.#parts.run(outcomes, resolve));
  }

  #armCheckpoint(): void {
    if (this.#checkpointTimer !== null || this.#speculation.unrecorded() === 0) return;
    this.#checkpointTimer = this.#context.clock.after(CHECKPOINT_INTERVAL_MS, () => {
      this.#checkpointTimer = null;
      if (!this.#closing) this.#speculation.checkpointInputs();
    });
  }

  #watchReadBack(): void {
    this.#readBackTimer = this.#context.clock.after(READ_BACK_TIMEOUT_MS / 4, () => {
      const waitingMs = this.#writer.waitingMs();
      if (waitingMs >= READ_BACK_TIMEOUT_MS) {
        return this.#end('resigned', `its Commit was not read back for ${Math.round(waitingMs)} ms`);
      }
      this.#watchReadBack();
    });
  }

  /**
   * The content of that (epoch, seq) can never reach the log, so this term cannot go on. Its inputs are refused in the next one; another
   * JobManager that leads in between comes to the same end.
   */
  #onUnappendable(commit: Commit, reason: string): void {
    for (const cause of commit.causes) {
      this.#context.poisoned.set(
        placeOf(cause),
        `What was decided on it cannot be appended to the topic events: ${reason}`,
      );
    }
    this.#end('resigned', `a Commit cannot be appended to the topic events: ${reason}`);
  }
}
