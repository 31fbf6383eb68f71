// One client's appends to one partition: a single batch under way, what arrives meanwhile becomes the next, so call order is log
// order as long as no outcome is unknown. Each batch meets the broker's faults as a whole.
import type { Timer } from '../../ports/clock.ts';
import { JournalError, type JournalRecord } from '../../ports/journal.ts';
import type { SimulatedBroker } from './journal.ts';
import type { PartitionLog } from './partitionLog.ts';
import type { SimulatedProcess } from './process.ts';

/** Appends waiting behind the batch under way may hold this much; more is refused. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

interface Pending {
  readonly records: readonly JournalRecord[];
  readonly bytes: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch {
  readonly appends: readonly Pending[];
  readonly records: readonly JournalRecord[];
  sent: boolean;
  settled: boolean;
  giveUp: Timer | null;
}

export class PartitionAppender {
  readonly #broker: SimulatedBroker;
  readonly #process: SimulatedProcess;
  readonly #log: PartitionLog;
  readonly #name: string;
  #queue: Pending[] = [];
  #queuedBytes = 0;
  #current: Batch | null = null;

  constructor(broker: SimulatedBroker, process: SimulatedProcess, log: PartitionLog, name: string) {
    this.#broker = broker;
    this.#process = process;
    this.#log = log;
    this.#name = name;
  }

  append(records: readonly JournalRecord[], bytes: number): Promise<number> {
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
      throw new JournalError(
        'APPEND_REFUSED',
        `${this.#queuedBytes} bytes already wait to be appended to ${this.#name}; wait for earlier appends before making more.`,
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#sendNext();
    });
  }

  /** Ends every append that is not answered yet. */
  close(): void {
    const closed = new JournalError(
      'JOURNAL_CLOSED',
      `The journal was closed before this append to ${this.#name} was sent.`,
    );
    for (const append of this.#queue.splice(0)) append.reject(closed);
    const batch = this.#current;
    if (batch === null) return;
    this.#settle(batch, (append) => append.reject(batch.sent ? this.#unknown('the journal was closed') : closed));
  }

  #sendNext(): void {
    if (this.#current !== null || this.#queue.length === 0) return;
    const appends = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    const batch: Batch = {
      appends,
      // A copy may land after the caller was told and uses its buffers again.
      records: appends.flatMap((append) => append.records).map(copyOf),
      sent: false,
      settled: false,
      giveUp: null,
    };
    this.#current = batch;
    const { requestTimeoutMs } = this.#broker.faults;
    batch.giveUp = this.#broker.clock.after(requestTimeoutMs, () =>
      this.#process.run(() =>
        this.#settle(batch, (append) =>
          append.reject(
            batch.sent
              ? this.#unknown(`no answer came for ${requestTimeoutMs} ms`)
              : new JournalError(
                  'APPEND_REFUSED',
                  `The journal could not be reached for ${requestTimeoutMs} ms, so nothing was appended to ${this.#name}; append again once it is back.`,
                ),
          ),
        ),
      ),
    );
    const answer = (respond: (append: Pending, precedingRecords: number) => void): void => {
      let preceding = 0;
      this.#process.run(() => {
        this.#settle(batch, (append) => {
          respond(append, preceding);
          preceding += append.records.length;
        });
      });
    };
    this.#transmit(batch, answer);
  }

  #transmit(batch: Batch, answer: (respond: (append: Pending, precedingRecords: number) => void) => void): void {
    const broker = this.#broker;
    if (batch.settled || this.#process.killed) return;
    if (!broker.reaches(this.#process)) {
      broker.whenWayOpens(() => this.#process.run(() => this.#transmit(batch, answer)));
      return;
    }
    batch.sent = true;
    const { lostRequestRate, lostResponseRate, lateLandingRate, duplicateRate, landingSpreadMs, requestTimeoutMs } =
      broker.faults;
    const fate = broker.draw();
    if (fate < lostRequestRate) return;
    if (fate < lostRequestRate + lateLandingRate) {
      broker.clock.after(requestTimeoutMs + broker.draw() * landingSpreadMs, () => this.#landAgain(batch));
      return;
    }
    if (broker.draw() < duplicateRate) {
      broker.clock.after(broker.drawDelayMs() + broker.draw() * landingSpreadMs, () => this.#landAgain(batch));
    }
    broker.hop(() => {
      // A request that arrives nowhere is lost, and the client learns nothing but its time-out.
      if (!broker.reaches(this.#process)) return;
      let respond: (append: Pending, precedingRecords: number) => void;
      try {
        const first = broker.land(this.#log, batch.records);
        respond = (append, preceding) => append.resolve(first + preceding);
      } catch (error) {
        respond = (append) => append.reject(error);
      }
      if (broker.draw() < lostResponseRate) return;
      if (broker.random === null) {
        answer(respond);
        return;
      }
      broker.hop(() => {
        if (broker.reaches(this.#process)) answer(respond);
      });
    });
  }

  /** A copy that nobody waits for. */
  #landAgain(batch: Batch): void {
    if (this.#broker.reaches(this.#process)) this.#broker.land(this.#log, batch.records);
  }

  #settle(batch: Batch, conclude: (append: Pending) => void): void {
    if (batch.settled) return;
    batch.settled = true;
    batch.giveUp?.cancel();
    this.#current = null;
    for (const append of batch.appends) conclude(append);
    this.#sendNext();
  }

  #unknown(because: string): JournalError {
    return new JournalError(
      'OUTCOME_UNKNOWN',
      `An append to ${this.#name} was sent and ${because}, so it may have landed or may land yet; read the topic, or append it again.`,
    );
  }
}

function copyOf(record: JournalRecord): JournalRecord {
  return { key: record.key, headers: { ...record.headers }, value: record.value && new Uint8Array(record.value) };
}
