// Signals in memory: a hub that members connect to. Clean without `random`; with it, each delivery takes time on the given clock
// and may be lost or repeated, and so overtake others, which is all that the port allows.
import type { Clock } from '../../ports/clock.ts';
import type { Signal, SignalSubject, Signals } from '../../ports/signals.ts';
import { systemClock } from '../system.ts';
import { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';

export interface SignalFaults {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly lossRate: number;
  readonly duplicateRate: number;
}

export interface SimulatedSignalHubOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Switches delays and faults on. */
  readonly random?: Random;
  readonly faults?: Partial<SignalFaults>;
}

interface Subscription {
  readonly process: SimulatedProcess;
  readonly onSignal: (signal: Signal) => void;
}

const noFaults: SignalFaults = { minDelayMs: 0.1, maxDelayMs: 1, lossRate: 0, duplicateRate: 0 };

export class SimulatedSignalHub {
  faults: SignalFaults;
  readonly #clock: Clock;
  readonly #random: Random | null;
  readonly #subscriptions: Record<SignalSubject, Set<Subscription>> = {
    jobmanagers: new Set(),
    taskmanagers: new Set(),
    actors: new Set(),
  };
  readonly #cut = new Set<SimulatedProcess>();

  constructor(options: SimulatedSignalHubOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? null;
    this.faults = { ...noFaults, ...options.faults };
  }

  connect(process: SimulatedProcess = new SimulatedProcess(this.#clock)): Signals {
    return new SimulatedSignals(this, process);
  }

  /** Nothing from or to this process arrives until it rejoins. */
  cutOff(process: SimulatedProcess): void {
    this.#cut.add(process);
  }

  rejoin(process: SimulatedProcess): void {
    this.#cut.delete(process);
  }

  add(subject: SignalSubject, subscription: Subscription): void {
    this.#subscriptions[subject].add(subscription);
  }

  remove(subject: SignalSubject, subscription: Subscription): void {
    this.#subscriptions[subject].delete(subscription);
  }

  send(subject: SignalSubject, sender: SimulatedProcess, signal: Signal): void {
    const copy: Signal = { from: signal.from, payload: new Uint8Array(signal.payload) };
    for (const subscription of this.#subscriptions[subject]) {
      const deliver = (): void => {
        if (this.#cut.has(sender) || this.#cut.has(subscription.process)) return;
        subscription.process.run(() => {
          if (this.#subscriptions[subject].has(subscription)) subscription.onSignal(copy);
        });
      };
      if (this.#random === null) {
        setImmediate(deliver);
        continue;
      }
      if (this.#random() < this.faults.lossRate) continue;
      this.#clock.after(this.#drawDelayMs(this.#random), deliver);
      if (this.#random() < this.faults.duplicateRate) this.#clock.after(this.#drawDelayMs(this.#random), deliver);
    }
  }

  #drawDelayMs(random: Random): number {
    return this.faults.minDelayMs + random() * (this.faults.maxDelayMs - this.faults.minDelayMs);
  }
}

class SimulatedSignals implements Signals {
  readonly #hub: SimulatedSignalHub;
  readonly #process: SimulatedProcess;
  readonly #leave = new Set<() => void>();
  #closed = false;

  constructor(hub: SimulatedSignalHub, process: SimulatedProcess) {
    this.#hub = hub;
    this.#process = process;
  }

  async publish(subject: SignalSubject, signal: Signal): Promise<void> {
    this.#assertOpen();
    this.#hub.send(subject, this.#process, signal);
  }

  async subscribe(subject: SignalSubject, onSignal: (signal: Signal) => void): Promise<() => Promise<void>> {
    this.#assertOpen();
    const subscription: Subscription = { process: this.#process, onSignal };
    this.#hub.add(subject, subscription);
    const leave = (): void => {
      this.#hub.remove(subject, subscription);
      this.#leave.delete(leave);
    };
    this.#leave.add(leave);
    return async () => leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const leave of this.#leave) leave();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('These signals were closed; connect again to send or hear any.');
  }
}
