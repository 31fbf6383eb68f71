// Follows the ledger as a replica does and notes when each record arrived: who leads since when, and what was decided.
import type { Channels } from '../codec/channels.ts';
import { applyRecord, type LedgerRecord } from '../core/ledger.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import type { Tail } from '../ports/journal.ts';

export interface Arrival {
  readonly record: LedgerRecord;
  readonly verdict: 'counted' | 'void';
  /** performance.now(). */
  readonly atMs: number;
}

export class LedgerWatch {
  readonly state: ClusterState = emptyState();
  readonly arrivals: Arrival[] = [];
  readonly #onArrival: (arrival: Arrival) => void;
  #tail: Tail | null = null;
  #waiters: (() => void)[] = [];
  #failure: Error | null = null;

  static async open(channels: Channels, onArrival: (arrival: Arrival) => void): Promise<LedgerWatch> {
    const watch = new LedgerWatch(onArrival);
    watch.#tail = await channels.follow('events', {
      from: () => 'earliest',
      onBatch: ({ deliveries }) => {
        const atMs = performance.now();
        for (const delivery of deliveries) {
          if (delivery.kind !== 'message') throw new Error(`events holds an undecodable record at ${delivery.offset}`);
          const verdict = applyRecord(watch.state, delivery.message, delivery.offset);
          watch.#arrived({ record: delivery.message, verdict, atMs });
        }
      },
      onError: (error) => watch.#fail(error),
    });
    return watch;
  }

  private constructor(onArrival: (arrival: Arrival) => void) {
    this.#onArrival = onArrival;
  }

  /** Resolves as soon as `condition` holds; rejects after the time. `what` says what was waited for. */
  async until(condition: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (this.#failure) throw this.#failure;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${what} did not happen within ${timeoutMs / 1_000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async close(): Promise<void> {
    await this.#tail?.close();
  }

  #arrived(arrival: Arrival): void {
    this.arrivals.push(arrival);
    this.#onArrival(arrival);
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** One line for people: `JobSubmitted · SlotAllocated ×2 · TaskDeployed ×4`; null where only inputs were noted as consumed. */
export function describe({ record, verdict }: Arrival): string | null {
  const suffix = verdict === 'void' ? '  (void)' : '';
  if (record.type === 'Claim') return `Claim by ${record.leaderId}${suffix}`;
  const counts = new Map<string, number>();
  for (const { type } of record.events) if (type !== 'InputsConsumed') counts.set(type, (counts.get(type) ?? 0) + 1);
  if (counts.size === 0) return null;
  return [...counts].map(([type, count]) => (count === 1 ? type : `${type} ×${count}`)).join(' · ') + suffix;
}
