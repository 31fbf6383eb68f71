// Which consumers of an exchange have announced themselves to one of its producers, and where each of them lives.
import type { Link } from './exchangeProtocol.ts';
import type { ExchangeSpec } from './exchangeSpec.ts';
import type { LocalReceiver, Route } from './outputChannel.ts';

/** Missing consumers that a message names. */
const MAX_NAMED = 3;

export class ConsumerRoutes {
  readonly #spec: ExchangeSpec;
  /** Of the producer. */
  readonly #subtask: number;
  readonly #routes: (Route | undefined)[] = [];
  #announced = 0;

  constructor(spec: ExchangeSpec, subtask: number) {
    this.#spec = spec;
    this.#subtask = subtask;
  }

  /** How many consumers the producer has. */
  get fanOut(): number {
    return this.#spec.strategy === 'FORWARD' ? 1 : this.#spec.consumerParallelism;
  }

  /** All have announced themselves. */
  get complete(): boolean {
    return this.#announced === this.fanOut;
  }

  /** False: that is known, or the consumer is none of this producer's. Only the attempt that the task was deployed with counts. */
  add(subtask: number, attempt: number, route: Route): boolean {
    const { strategy, consumerAttempts } = this.#spec;
    if (consumerAttempts[subtask] !== attempt || this.#routes[subtask] !== undefined) return false;
    if (strategy === 'FORWARD' && subtask !== this.#subtask) return false;
    this.#routes[subtask] = route;
    this.#announced++;
    return true;
  }

  get(subtask: number): Route | undefined {
    return this.#routes[subtask];
  }

  *subtasks(): Iterable<number> {
    if (this.#spec.strategy === 'FORWARD') yield this.#subtask;
    else for (let subtask = 0; subtask < this.#spec.consumerParallelism; subtask++) yield subtask;
  }

  /** Where those live that have announced themselves. */
  hosts(): { readonly links: ReadonlySet<Link>; readonly receivers: ReadonlySet<LocalReceiver> } {
    const links = new Set<Link>();
    const receivers = new Set<LocalReceiver>();
    let last: Route | undefined;
    for (const route of Object.values(this.#routes)) {
      if (route === last) continue;
      last = route;
      if (route?.kind === 'link') links.add(route.link);
      else if (route?.kind === 'local') receivers.add(route.receiver);
    }
    return { links, receivers };
  }

  /** For people: those that have not announced themselves. */
  missing(): string {
    const { consumerParallelism, consumerName, consumerAttempts, placeOf } = this.#spec;
    const named: string[] = [];
    for (const subtask of this.subtasks()) {
      if (named.length === MAX_NAMED) break;
      if (this.#routes[subtask] !== undefined) continue;
      const which = `subtask ${subtask + 1}/${consumerParallelism} (attempt ${consumerAttempts[subtask]})`;
      named.push(`${which} on ${placeOf(subtask)}`);
    }
    const rest = this.fanOut - this.#announced - named.length;
    return `consumers of '${consumerName}': ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  }
}
