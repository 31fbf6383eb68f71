// A tail that remembers what it was given and lets a test wait for it.
import type { Journal, RecordBatch, StoredRecord, Tail, TailPosition } from '../../src/ports/journal.ts';

const WAIT_MS = 60_000;

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

export class TailProbe {
  readonly batches: RecordBatch[] = [];
  readonly errors: Error[] = [];
  running = 0;
  mostRunning = 0;
  #tail: Tail | null = null;
  #waiters: Waiter[] = [];

  /** `onBatch` runs after the batch has been noted. */
  static async start(
    journal: Journal,
    positions: readonly TailPosition[],
    onBatch: (batch: RecordBatch, probe: TailProbe) => void | Promise<void> = () => {},
  ): Promise<TailProbe> {
    const probe = new TailProbe();
    probe.#tail = await journal.tail(positions, {
      onBatch: async (batch) => {
        probe.batches.push(batch);
        probe.running++;
        probe.mostRunning = Math.max(probe.mostRunning, probe.running);
        try {
          probe.#check();
          await onBatch(batch, probe);
        } finally {
          probe.running--;
          probe.#check();
        }
      },
      onError: (error) => {
        probe.errors.push(error);
        probe.#check();
      },
    });
    return probe;
  }

  get records(): readonly StoredRecord[] {
    return this.batches.flatMap((batch) => batch.records);
  }

  get texts(): readonly string[] {
    return this.records.map(textOf);
  }

  textsOf(partition: number): readonly string[] {
    return this.batches
      .filter((batch) => batch.partition === partition)
      .flatMap((batch) => batch.records)
      .map(textOf);
  }

  /** Waits until so many records have arrived. */
  async count(records: number): Promise<this> {
    await this.until(() => this.records.length >= records, `${records} records`);
    return this;
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Waited ${WAIT_MS} ms for ${what}; saw ${this.records.length} records, ${this.errors}`)),
        WAIT_MS,
      );
      this.#waiters.push({
        holds,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }

  async close(): Promise<void> {
    await this.#tail?.close();
  }

  #check(): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.holds()) return true;
      waiter.resolve();
      return false;
    });
  }
}

export function textOf(record: StoredRecord): string {
  return record.value === null ? 'null' : new TextDecoder().decode(record.value);
}

/** A promise and the function that resolves it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
