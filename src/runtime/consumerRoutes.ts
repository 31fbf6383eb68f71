// Which consumers of a vertex have announced themselves to a host, and where each of them lives. One table serves all producers of the host
// that were deployed with the same attempts of the consumers: of an all-to-all exchange a table a producer would be tasks × tasks entries.
import type { ShipStrategy } from '../core/schema.gen.ts';
import { type BarrierBroadcast, type EndOfPartition, type Link, writeBroadcastFrame } from './exchangeProtocol.ts';
import type { LocalReceiver, Route } from './outputChannel.ts';

export class ConsumerRoutes {
  /** Of each consuming subtask; only these count. */
  readonly attempts: readonly number[];
  readonly #links = new Set<Link>();
  readonly #receivers = new Set<LocalReceiver>();
  readonly #routes: (Route | undefined)[];
  #announced = 0;

  constructor(attempts: readonly number[]) {
    this.attempts = attempts;
    this.#routes = new Array(attempts.length).fill(undefined);
  }

  /** All that the producing subtask sends to have announced themselves. */
  completeFor(strategy: ShipStrategy, subtask: number): boolean {
    return strategy === 'FORWARD' ? this.#routes[subtask] !== undefined : this.#announced === this.attempts.length;
  }

  get(subtask: number): Route | undefined {
    return this.#routes[subtask];
  }

  /** `[subtask, attempt]` each. Whether any of them was new. */
  add(consumers: Iterable<readonly [number, number]>, route: Route): boolean {
    const before = this.#announced;
    for (const [subtask, attempt] of consumers) {
      if (this.attempts[subtask] !== attempt || this.#routes[subtask] !== undefined) continue;
      this.#routes[subtask] = route;
      this.#announced++;
    }
    if (this.#announced === before) return false;
    if (route.kind === 'link') this.#links.add(route.link);
    else this.#receivers.add(route.receiver);
    return true;
  }

  /** To every host that a consumer has announced itself from. */
  broadcast(broadcast: BarrierBroadcast): void {
    for (const link of this.#links) {
      writeBroadcastFrame(link.out, broadcast);
      link.frameWritten();
    }
    for (const receiver of this.#receivers) receiver.broadcast(broadcast);
  }

  /** To every host that a consumer has announced itself from; to that of the one consumer where it is for one. */
  end(message: EndOfPartition): void {
    if (message.consumer !== null) {
      const route = this.#routes[message.consumer];
      if (route?.kind === 'link') route.link.control(message);
      else route?.receiver.endOfPartition(message);
      return;
    }
    for (const link of this.#links) link.control(message);
    for (const receiver of this.#receivers) receiver.endOfPartition(message);
  }
}
