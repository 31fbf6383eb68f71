// The parts of one term as children of its actor. What runs effects fails with the term, since nobody would know which of them are done;
// errands are begun again from the state, as a new term does.
import type { ActorContext } from '../actors/actor.ts';
import { Component } from '../actors/component.ts';
import { always } from '../actors/supervision.ts';
import type { Channels } from '../codec/channels.ts';
import { pendingEffects } from '../core/effects.ts';
import type { Observation } from '../core/inputs.ts';
import type { ClusterState } from '../core/state.ts';
import type { Logger } from '../ports/logger.ts';
import { EffectRunner, isErrand, type Outcome } from './effectRunner.ts';
import { type ErrandPorts, Errands } from './errands.ts';

export interface TermPartsOptions {
  readonly ports: ErrandPorts;
  readonly channels: Channels;
  readonly logger: Logger;
  /** The replica's. */
  readonly state: Readonly<ClusterState>;
  readonly observe: (observation: Observation) => boolean;
  /** No effect waits any more. */
  readonly onDrained: () => void;
}

export class TermParts {
  readonly #errands: Component<Errands>;
  readonly #effects: Component<EffectRunner>;

  constructor(term: ActorContext, { ports, channels, logger, state, observe, onDrained }: TermPartsOptions) {
    let failed = false;
    this.#errands = new Component(term, 'errands', {
      create: ({ clock, background }) => new Errands({ ...ports, clock, background, logger, state, observe }),
      start(errands) {
        if (failed) for (const effect of pendingEffects(state)) if (isErrand(effect)) errands.run(effect);
      },
      beforeRestart() {
        failed = true;
      },
      stop: (errands) => errands.stop(),
    });
    this.#effects = new Component(term, 'effect-runner', {
      create: (actor) =>
        new EffectRunner({
          channels,
          actor,
          logger,
          errands: (errand) => this.#errands.tell((errands) => errands.run(errand)),
          onDrained,
        }),
      stop: (effects) => effects.stop(),
      supervision: always('escalate'),
    });
  }

  /** So many effects wait that no further input should be decided. */
  get full(): boolean {
    return this.#effects.current?.full ?? true;
  }

  /** `done` is called once all of them are durable. */
  run(outcomes: readonly Outcome[], done?: () => void): void {
    this.#effects.tell((effects) => effects.run(outcomes, done));
  }

  /** Resolves when no effect waits any more. */
  async drained(): Promise<void> {
    await this.#effects.current?.drained();
  }

  stopErrands(): void {
    void this.#errands.ref.stop();
  }

  stopEffects(): void {
    void this.#effects.ref.stop();
  }
}
