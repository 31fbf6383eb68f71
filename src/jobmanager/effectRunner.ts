// Carries out effects: appends them to their topics, in order within a partition, several partitions at once. A failed append is tried
// again as long as the term lasts, since each effect is idempotent at its receiver; when the term ends, what is left is dropped, since
// the next leader derives it anew from its state.
import type { ActorContext } from '../actors/actor.ts';
import type { Channels, Outgoing } from '../codec/channels.ts';
import type { Effect } from '../core/effects.ts';
import type { DeadLetter } from '../core/schema.gen.ts';
import type { Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import { isPassing, RetryDelay } from './retry.ts';

/** Effects that wait; a leader beyond it takes no further inputs. */
const MAX_WAITING_EFFECTS = 20_000;
const MAX_MESSAGES_PER_APPEND = 256;

/** What a leader appends beside `events`. */
type EffectTopic = 'assignments' | 'replies' | 'jobs' | 'dead-letters';

/** An effect that is no record: somebody's errand, who sees to it that it is done or that its failure comes back as an input. */
export type Errand = Extract<
  Effect,
  {
    type:
      | 'PlanJob'
      | 'WriteManifest'
      | 'ReadRestorePoint'
      | 'DiscardCheckpoint'
      | 'DiscardJob'
      | 'StartTaskManager'
      | 'StopTaskManager';
  }
>;

export function isErrand(effect: Effect): effect is Errand {
  switch (effect.type) {
    case 'PlanJob':
    case 'WriteManifest':
    case 'ReadRestorePoint':
    case 'DiscardJob':
    case 'DiscardCheckpoint':
    case 'StartTaskManager':
    case 'StopTaskManager':
      return true;
    case 'Assign':
    case 'Reply':
    case 'PublishJob':
      return false;
    default:
      return effect satisfies never;
  }
}

/** An Effect, or the record of an input that could not be taken. */
export type Outcome = Effect | { readonly type: 'Bury'; readonly message: DeadLetter };

export class EffectRunner {
  readonly #channels: Channels;
  readonly #actor: ActorContext;
  readonly #logger: Logger;
  readonly #errands: (errand: Errand) => void;
  readonly #onDrained: () => void;
  readonly #lanes = new Map<string, Lane<EffectTopic>>();
  readonly #drainWaiters: (() => void)[] = [];
  #waiting = 0;
  #stopped = false;

  /** `onDrained` is called whenever nothing waits any more. */
  constructor(options: {
    readonly channels: Channels;
    /** Its own. */
    readonly actor: ActorContext;
    readonly logger: Logger;
    readonly errands: (errand: Errand) => void;
    readonly onDrained: () => void;
  }) {
    this.#channels = options.channels;
    this.#actor = options.actor;
    this.#logger = options.logger;
    this.#errands = options.errands;
    this.#onDrained = options.onDrained;
  }

  get full(): boolean {
    return this.#waiting >= MAX_WAITING_EFFECTS;
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => this.#drainWaiters.push(resolve));
  }

  /** `done` is called once all of them are durable. */
  run(outcomes: readonly Outcome[], done?: () => void): void {
    if (this.#stopped) return;
    let left = outcomes.length;
    if (left === 0) return done?.();
    const oneDone = () => {
      this.#waiting--;
      if (--left === 0) done?.();
      if (this.#waiting > 0) return;
      this.#onDrained();
      for (const resolve of this.#drainWaiters.splice(0)) resolve();
    };
    this.#waiting += left;
    for (const outcome of outcomes) {
      switch (outcome.type) {
        case 'Assign':
          this.#enqueue('assignments', { key: outcome.message.taskManagerId, message: outcome.message }, oneDone);
          break;
        case 'Reply':
          this.#enqueue('replies', { key: outcome.message.commandId, message: outcome.message }, oneDone);
          break;
        case 'PublishJob':
          this.#enqueue('jobs', { key: outcome.message.jobId, message: outcome.message }, oneDone);
          break;
        case 'Bury': {
          const { topic, partition, offset } = outcome.message;
          const key = `${topic}/${partition}/${offset}`;
          this.#enqueue('dead-letters', { key, message: outcome.message }, oneDone);
          break;
        }
        case 'PlanJob':
        case 'WriteManifest':
        case 'ReadRestorePoint':
        case 'DiscardJob':
        case 'DiscardCheckpoint':
        case 'StartTaskManager':
        case 'StopTaskManager':
          this.#errands(outcome);
          oneDone();
          break;
        default:
          outcome satisfies never;
      }
    }
    for (const lane of this.#lanes.values()) lane.pump();
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.stop();
  }

  #enqueue<T extends EffectTopic>(topic: T, outgoing: Outgoing<T>, done: () => void): void {
    const partition = outgoing.key === null ? 0 : this.#channels.partitionOf(topic, outgoing.key);
    const name = `${topic}/${partition}`;
    let lane = this.#lanes.get(name) as Lane<T> | undefined;
    if (lane === undefined) {
      lane = new Lane<T>(topic, this.#channels, this.#actor, this.#logger);
      this.#lanes.set(name, lane as unknown as Lane<EffectTopic>);
    }
    lane.push(outgoing, done);
  }
}

interface Waiting<T extends EffectTopic> {
  readonly outgoing: Outgoing<T>;
  readonly done: () => void;
}

/** One partition's effects: one append at a time. */
class Lane<T extends EffectTopic> {
  readonly #topic: T;
  readonly #channels: Channels;
  readonly #actor: ActorContext;
  readonly #logger: Logger;
  readonly #retry = new RetryDelay();
  readonly #queue: Waiting<T>[] = [];
  #busy = false;
  #timer: Timer | null = null;
  #stopped = false;
  #messagesPerAppend = MAX_MESSAGES_PER_APPEND;

  constructor(topic: T, channels: Channels, actor: ActorContext, logger: Logger) {
    this.#topic = topic;
    this.#channels = channels;
    this.#actor = actor;
    this.#logger = logger;
  }

  push(outgoing: Outgoing<T>, done: () => void): void {
    this.#queue.push({ outgoing, done });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#queue.length = 0;
  }

  pump(): void {
    if (this.#busy || this.#stopped || this.#queue.length === 0) return;
    this.#busy = true;
    const count = Math.min(this.#queue.length, this.#messagesPerAppend);
    const messages = this.#queue.slice(0, count).map((waiting) => waiting.outgoing);
    const appended = this.#channels.append(this.#topic, messages).then(
      () => this.#appended(count),
      (error: unknown) => this.#failed(count, error),
    );
    this.#actor.background(appended);
  }

  #appended(count: number): void {
    this.#busy = false;
    if (this.#stopped) return;
    this.#retry.reset();
    this.#messagesPerAppend = MAX_MESSAGES_PER_APPEND;
    for (const { done } of this.#queue.splice(0, count)) done();
    this.pump();
  }

  #failed(count: number, error: unknown): void {
    if (this.#stopped) return;
    if (!isPassing(error)) {
      this.#busy = false;
      if (count > 1) this.#messagesPerAppend = 1;
      else this.#drop(messageOf(error));
      return this.pump();
    }
    this.#logger.warn(
      { topic: this.#topic, error: messageOf(error) },
      'appending effects failed; they will be sent again',
    );
    this.#timer = this.#actor.clock.after(this.#retry.next(), () => {
      this.#busy = false;
      this.pump();
    });
  }

  /** The journal will never take it, so sending it again helps nobody, and what is behind it must not wait. */
  #drop(reason: string): void {
    const [dropped] = this.#queue.splice(0, 1);
    this.#logger.error(
      { topic: this.#topic, key: dropped?.outgoing.key, type: dropped?.outgoing.message.type, reason },
      'the topic does not take an effect, which was dropped; if it is too large, raise max.message.bytes of the topic',
    );
    dropped?.done();
  }
}
