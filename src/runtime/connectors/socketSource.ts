// The source of socketTextStream: text that a server sends over TCP, cut into records at a delimiter. A socket cannot be asked again for what it
// has sent, so records are delivered at most once: what had arrived, or was sent while nobody was connected, is lost when the task fails.
// Guarantees: no character is cut at the border of a chunk; while the task takes nothing the socket is paused, so that little more than one
// chunk waits here; a record without end is refused once it is too long.

import net from 'node:net';
import { TaskError } from '../errors.ts';
import { Availability } from './availability.ts';
import type { InputStatus, ReaderOutput, Source, SourceReader } from './source.ts';

export interface SocketSourceSpec {
  readonly hostname: string;
  readonly port: number;
  readonly delimiter: string;
  /** In a row; -1: without end. */
  readonly maxRetries: number;
  readonly maxRecordBytes: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_PAUSE_MS = 500;
const LF = '\n';
const CR = 0x0d;

export class SocketSource implements Source<string, null> {
  readonly boundedness = 'CONTINUOUS_UNBOUNDED';
  readonly #spec: SocketSourceSpec;

  constructor(spec: SocketSourceSpec) {
    this.#spec = spec;
  }

  createReader({ taskName }: { readonly taskName: string }): SourceReader<string, null> {
    return new SocketReader(this.#spec, taskName);
  }
}

class SocketReader implements SourceReader<string, null> {
  readonly #spec: SocketSourceSpec;
  readonly #operator: string;
  readonly #cutter: RecordCutter;
  #socket: net.Socket | null = null;
  #retry: NodeJS.Timeout | null = null;
  /** Attempts since data last arrived. */
  #attempts = 0;
  /** Cut, and not emitted yet; from `#next` on. */
  #records: string[] = [];
  #next = 0;
  #ended = false;
  #closed = false;
  #failure: TaskError | null = null;
  readonly #available = new Availability();

  constructor(spec: SocketSourceSpec, operator: string) {
    this.#spec = spec;
    this.#operator = operator;
    this.#cutter = new RecordCutter(spec.delimiter, spec.maxRecordBytes);
  }

  start(): void {
    this.#connect();
  }

  pollNext(output: ReaderOutput<string>, maxRecords: number): InputStatus {
    const end = Math.min(this.#records.length, this.#next + maxRecords);
    while (this.#next < end) output.collect(this.#records[this.#next++]!);
    if (this.#next < this.#records.length) return 'MORE_AVAILABLE';
    this.#records = [];
    this.#next = 0;
    // What arrived before it is worth having.
    if (this.#failure !== null) throw this.#failure;
    if (this.#ended) return 'END_OF_INPUT';
    this.#socket?.resume();
    return 'NOTHING_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    if (this.#records.length > 0 || this.#ended || this.#closed || this.#failure !== null) return Promise.resolve();
    return this.#available.next();
  }

  snapshotState(): null {
    return null;
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#wake();
  }

  #connect(): void {
    const { hostname: host, port } = this.#spec;
    const socket = net.connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    this.#socket = socket;
    let connected = false;
    let failure: Error | null = null;
    socket.once('connect', () => {
      connected = true;
      // It may be silent for as long as it likes.
      socket.setTimeout(0);
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)));
    socket.on('data', (chunk) => this.#accept(socket, chunk));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.once('close', () => {
      if (this.#socket === socket) this.#lost(connected, failure);
    });
  }

  #accept(socket: net.Socket, chunk: Buffer): void {
    this.#attempts = 0;
    try {
      this.#cutter.cut(chunk, this.#records);
    } catch (error) {
      this.#fail((error as Error).message);
      socket.destroy();
      return;
    }
    if (this.#records.length === 0) return;
    socket.pause();
    this.#wake();
  }

  /** The connection is over, or there was none. */
  #lost(connected: boolean, failure: Error | null): void {
    this.#socket = null;
    if (this.#closed || this.#failure !== null) return;
    if (connected && failure === null) {
      // The server has ended it in order: what it sent last is a record too.
      const rest = this.#cutter.rest();
      if (rest !== null) {
        this.#records.push(rest);
        this.#wake();
      }
    } else {
      this.#cutter.drop();
    }
    const { maxRetries } = this.#spec;
    if (maxRetries >= 0 && this.#attempts >= maxRetries) {
      if (failure === null) this.#ended = true;
      else this.#fail(failure.message);
      this.#wake();
      return;
    }
    this.#attempts++;
    this.#retry = setTimeout(() => this.#connect(), RETRY_PAUSE_MS);
  }

  #fail(why: string): void {
    const { hostname, port, maxRetries } = this.#spec;
    this.#failure ??= new TaskError(
      'IO_FAILED',
      `Source '${this.#operator}' reads from ${hostname}:${port}: ${why}. Is the server there, and does it send text? (maxRetries is ${maxRetries}.)`,
    );
    this.#wake();
  }

  #wake(): void {
    this.#available.signal();
  }
}

/** Cuts chunks of bytes into records, so that what is decoded is always whole. */
export class RecordCutter {
  readonly #delimiter: Buffer;
  readonly #stripCr: boolean;
  readonly #maxBytes: number;
  /** Begun, and without its end so far. */
  #carried: Buffer[] = [];
  #carriedBytes = 0;

  constructor(delimiter: string, maxBytes: number) {
    this.#delimiter = Buffer.from(delimiter);
    this.#stripCr = delimiter === LF;
    this.#maxBytes = maxBytes;
  }

  /** Appends the records that end in the chunk. Throws where one is too long. */
  cut(chunk: Buffer, records: string[]): void {
    let start = 0;
    if (this.#carriedBytes > 0) {
      // A delimiter may lie across the border: the few bytes before it are looked at again.
      const last = this.#carried.at(-1)!;
      const overlap = Math.min(this.#delimiter.length - 1, last.length);
      const seam = overlap === 0 ? chunk : Buffer.concat([last.subarray(last.length - overlap), chunk]);
      const at = seam.indexOf(this.#delimiter);
      if (at < 0) {
        this.#carry(chunk);
        return;
      }
      const end = at - overlap + this.#delimiter.length;
      const whole = Buffer.concat([...this.#carried, chunk.subarray(0, end)]);
      this.drop();
      records.push(this.#text(whole.subarray(0, whole.length - this.#delimiter.length)));
      start = end;
    }
    for (;;) {
      const at = chunk.indexOf(this.#delimiter, start);
      if (at < 0) break;
      records.push(this.#text(chunk.subarray(start, at)));
      start = at + this.#delimiter.length;
    }
    if (start < chunk.length) this.#carry(chunk.subarray(start));
  }

  /** What came behind the last delimiter; null: nothing. */
  rest(): string | null {
    if (this.#carriedBytes === 0) return null;
    const text = this.#text(Buffer.concat(this.#carried));
    this.drop();
    return text;
  }

  drop(): void {
    this.#carried = [];
    this.#carriedBytes = 0;
  }

  #carry(bytes: Buffer): void {
    const last = this.#carried.at(-1);
    // The overlap is taken from the last piece alone, and small pieces would cost more than they hold.
    if (last !== undefined && last.length < this.#delimiter.length + 1_024)
      this.#carried[this.#carried.length - 1] = Buffer.concat([last, bytes]);
    else this.#carried.push(bytes);
    this.#carriedBytes += bytes.length;
    this.#check(this.#carriedBytes);
  }

  #text(bytes: Buffer): string {
    this.#check(bytes.length);
    const end = this.#stripCr && bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    return bytes.toString('utf8', 0, end);
  }

  #check(bytes: number): void {
    if (bytes > this.#maxBytes)
      throw new RangeError(
        `a record has more than ${this.#maxBytes} bytes without the delimiter ${JSON.stringify(this.#delimiter.toString())}`,
      );
  }
}
