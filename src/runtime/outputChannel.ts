// The sending end of a channel: gathers records into batches and sends one only against credit, which the consumer grants. Without credit
// records wait here, and the task stops producing (Pressure) as soon as a whole batch does; so a slow consumer costs its producers a
// bounded number of records, whatever they could produce.
import { type Barrier, overtakes } from './barrier.ts';
import { TaskError } from './errors.ts';
import {
  type BarrierBroadcast,
  beginDataFrame,
  type ChannelAddress,
  type EndOfPartition,
  endFrame,
  type Link,
  writeBarrierFrame,
} from './exchangeProtocol.ts';
import { guessRecordBytes } from './heapSize.ts';
import type { OvertakenOutput } from './inFlight.ts';
import { type KeyHandle, keyPlace, NOWHERE } from './keyHandles.ts';
import { type RecordBatch, writeTimes } from './recordBatch.ts';
import { type AnyRecordSerializer, checkRecords } from './recordSerializer.ts';
import { type BatchEncoder, createEncoder } from './serializer.ts';
import { addMark, type Mark, type StreamTime } from './streamTime.ts';
import type { Pressure } from './taskContext.ts';

/** Most records of a batch. */
const MAX_BATCH_RECORDS = 1024;
/** Smallest limit of a batch; and how many records the unsent batches of all channels of an exchange may hold, where that allows it. */
const MIN_BATCH_RECORDS = 16;
const MAX_RECORDS_OF_EXCHANGE = 64 * 1024;
/** Aim for a batch's size where records are large: batches shrink to about this. */
const TARGET_BATCH_BYTES = 32 * 1024;
/** Within the thread records are not encoded: those that take more heap than this count for as many more. */
const LOCAL_RECORD_BYTES = 256;
/** A channel's first batch is one record, because nothing is known of its size; the following may be so many times as long each. */
const BATCH_GROWTH = 8;

/** Who gets credit back for batches that were handed over within the thread. */
export interface CreditReceiver {
  credit(subtask: number, batches: number): void;
}

/** The consumers of a thread, for channels that do not leave it: batches are handed over by reference. */
export interface LocalReceiver {
  receive(address: ChannelAddress, batch: RecordBatch, sender: CreditReceiver): void;
  barrier(address: ChannelAddress, barrier: Barrier): void;
  broadcast(broadcast: BarrierBroadcast): void;
  endOfPartition(message: EndOfPartition): void;
}

/** What a channel needs of the exchange that it belongs to. */
export interface ChannelOwner extends CreditReceiver {
  /** Of the emitting operator, for messages. */
  readonly operator: string;
  readonly pressure: Pressure;
  /** How many channels the exchange may open. */
  readonly fanOut: number;
  /** Carries timestamps and watermarks. */
  readonly eventTime: boolean;
  /** Of the records, where their type was declared. */
  readonly serializer: AnyRecordSerializer | null;
  countOut(records: number, bytes: number): void;
}

/** Where a channel's batches go, once its consumer has announced itself. */
export type Route =
  | { readonly kind: 'local'; readonly receiver: LocalReceiver }
  | { readonly kind: 'link'; readonly link: Link };

/** A batch as it leaves: what is known of keys serves the encoder, too. */
interface OutputBatch extends RecordBatch {
  readonly keys?: readonly KeyHandle[] | null;
  readonly keyAt?: number;
}

export class OutputChannel {
  /** The batch that is being filled. Exchanges push here and call `full` at `limit` records. */
  records: unknown[] = [];
  /** One a record; null where the exchange carries no event time. */
  timestamps: number[] | null;
  limit: number;
  /** Of the records' keys, where each has been met before; null: of some record it is not known. */
  keys: KeyHandle[] | null = null;
  /** Where in the records the keys are. */
  keyAt = NOWHERE;
  /** Whether the exchange has it on its list for the next flush. */
  listed = false;
  readonly address: ChannelAddress;
  readonly #owner: ChannelOwner;
  readonly #maxRecords: number;
  readonly #dictionarySize: number;
  /** In order: batches without credit, and the barriers between and behind them. */
  readonly #waiting: (OutputBatch | Barrier)[] = [];
  /** The barrier among them that may yet overtake them. */
  #overtaking: { readonly barrier: Barrier; readonly overtaken: OvertakenOutput; readonly sent: () => void } | null =
    null;
  /** Of the batch that is being filled. */
  #marks: Mark[] | null = null;
  #route: Route | null = null;
  #credit = 0;
  #blocked = false;
  #encoder: BatchEncoder | null = null;
  #sequence = 0;

  constructor(address: ChannelAddress, owner: ChannelOwner) {
    this.address = address;
    this.#owner = owner;
    const { fanOut, eventTime } = owner;
    this.timestamps = eventTime ? [] : null;
    // Wide exchanges get smaller batches and dictionaries, so that a task's memory does not grow with its consumers.
    this.#maxRecords = Math.max(
      MIN_BATCH_RECORDS,
      Math.min(MAX_BATCH_RECORDS, Math.floor(MAX_RECORDS_OF_EXCHANGE / fanOut)),
    );
    this.#dictionarySize = Math.max(256, Math.min(4096, Math.floor(65_536 / fanOut)));
    this.limit = 1;
  }

  /** Something was collected that was not sent, nor waits for credit already. */
  get pending(): boolean {
    return this.records.length > 0 || this.#marks !== null;
  }

  /** Nothing is left here. */
  get empty(): boolean {
    return !this.pending && this.#waiting.length === 0;
  }

  /** Its records leave the thread, as far as is known. */
  get leaves(): boolean {
    return this.#route !== null && this.#route.kind === 'link';
  }

  /** The batch begins with this record, and its key. */
  beginKeys(value: unknown, key: string, handle: KeyHandle): void {
    this.keys = [handle];
    this.keyAt = keyPlace(value, key);
  }

  connect(route: Route, credit: number): void {
    if (this.#route !== null) return;
    this.#route = route;
    this.grant(credit);
  }

  /** Credit came: sends what waited for it. */
  grant(batches: number): void {
    this.#credit += batches;
    this.#sendWaiting();
    if (this.#blocked && this.#waiting.length === 0) {
      this.#blocked = false;
      this.#owner.pressure.blocked--;
    }
  }

  /** A barrier goes behind what was collected so far, and right away where nothing of that has to wait, or where it may overtake that. */
  barrier(barrier: Barrier, overtaken: OvertakenOutput | null): void {
    if (this.pending) this.#waiting.push(this.#takeBatch());
    this.#waiting.push(barrier);
    if (overtaken !== null) this.#overtaking = { barrier, overtaken, sent: overtaken.expect() };
    if (this.#route !== null) this.#sendWaiting();
    if (overtakes(barrier, Date.now())) this.overtake(barrier.checkpointId);
  }

  /** The checkpoint's barrier waits no longer for what it waits behind. */
  overtake(checkpointId: number): void {
    if (this.#overtaking?.barrier.checkpointId !== checkpointId) return;
    const { barrier, overtaken } = this.#overtaking;
    const at = this.#waiting.indexOf(barrier);
    const before = this.#waiting.splice(0, at + 1).filter((item) => item !== barrier);
    overtaken.keep(
      this.address.subtask,
      before.filter((item) => 'records' in item),
    );
    this.#waiting.unshift(barrier, ...before);
    if (this.#route !== null) this.#sendWaiting();
  }

  /** What a checkpoint found here goes before anything that is emitted. */
  restore(batches: readonly RecordBatch[]): void {
    this.#waiting.push(...batches.map((batch) => ({ ...batch, keys: null })));
    if (this.#route !== null) this.#sendWaiting();
    if (this.#waiting.length === 0 || this.#blocked) return;
    this.#blocked = true;
    this.#owner.pressure.blocked++;
  }

  /** Event time goes behind what was collected so far. It travels with the next batch, so there is never more of it than of records. */
  mark(time: StreamTime): void {
    this.#marks ??= [];
    addMark(this.#marks, this.records.length, time);
  }

  #takeBatch(): OutputBatch {
    const batch: OutputBatch = {
      records: this.records,
      timestamps: this.timestamps,
      marks: this.#marks,
      keys: this.keys,
      keyAt: this.keyAt,
    };
    this.keys = null;
    this.keyAt = NOWHERE;
    this.records = [];
    if (this.timestamps !== null) this.timestamps = [];
    this.#marks = null;
    return batch;
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if ('records' in next) {
        if (this.#credit === 0) return;
        this.#waiting.shift();
        this.#send(next);
      } else {
        this.#waiting.shift();
        sendBarrier(this.#route!, this.address, next);
        if (this.#overtaking?.barrier !== next) continue;
        this.#overtaking.sent();
        this.#overtaking = null;
      }
    }
  }

  /** The batch has reached its limit. */
  full(): void {
    const batch = this.#takeBatch();
    if (this.#credit > 0 && this.#waiting.length === 0) {
      this.#send(batch);
      return;
    }
    this.#waiting.push(batch);
    if (!this.#blocked) {
      this.#blocked = true;
      this.#owner.pressure.blocked++;
    }
  }

  /** Time is up: sends what there is, if there is credit. */
  flush(): void {
    if (!this.pending || this.#credit === 0 || this.#waiting.length > 0) return;
    this.#send(this.#takeBatch());
  }

  #send(batch: OutputBatch): void {
    const { records } = batch;
    this.#credit--;
    const route = this.#route!;
    if (route.kind === 'local') {
      // Nothing is encoded within the thread, but what may be emitted must not depend on where tasks run.
      const { serializer, operator } = this.#owner;
      if (serializer !== null) checkRecords(serializer, records, operator);
      this.#owner.countOut(records.length, 0);
      if (records.length > 0)
        this.#aimAt((this.#maxRecords * LOCAL_RECORD_BYTES) / Math.max(LOCAL_RECORD_BYTES, guessRecordBytes(records)));
      route.receiver.receive(this.address, batch, this.#owner);
      return;
    }
    this.#encoder ??= createEncoder(this.#dictionarySize, this.#owner.serializer);
    const { out } = route.link;
    const start = beginDataFrame(out, this.address, this.#sequence);
    try {
      writeTimes(batch, out);
      this.#encoder.encode(records, out, batch);
    } catch (error) {
      out.position = start;
      if (!(error instanceof TaskError)) throw error;
      throw new TaskError(error.code, `Operator '${this.#owner.operator}' ${error.message}`);
    }
    endFrame(out, start);
    this.#owner.countOut(records.length, out.position - start);
    this.#sequence = (this.#sequence + 1) >>> 0;
    if (records.length > 0) this.#aimAt(TARGET_BATCH_BYTES / ((out.position - start) / records.length));
    route.link.frameWritten();
  }

  #aimAt(records: number): void {
    this.limit = Math.max(1, Math.floor(Math.min(this.#maxRecords, records, this.limit * BATCH_GROWTH)));
  }
}

export function sendBarrier(route: Route, address: ChannelAddress, barrier: Barrier): void {
  if (route.kind === 'local') {
    route.receiver.barrier(address, barrier);
    return;
  }
  writeBarrierFrame(route.link.out, address, barrier);
  route.link.frameWritten();
}
