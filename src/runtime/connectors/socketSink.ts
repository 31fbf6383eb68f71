// The sink of writeToSocket: each record's bytes to a server over TCP, from one subtask. Nobody acknowledges them: a barrier waits until the
// operating system has taken what came before it, which is not to say that the server has it. So records may be lost where the
// connection breaks, and come twice behind a restore.
import net from 'node:net';
import { TaskError } from '../errors.ts';
import type { Sink, SinkWriter } from './sink.ts';

export interface SocketSinkSpec<T> {
  readonly hostname: string;
  readonly port: number;
  readonly serializer: (record: T) => string | Uint8Array;
  /** In a row; -1: without end. */
  readonly maxRetries: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_PAUSE_MS = 500;
/** Handed to the socket, and not taken by the operating system so far. */
const MAX_BUFFERED_BYTES = 256 * 1024;

export class SocketSink<T> implements Sink<T> {
  readonly #spec: SocketSinkSpec<T>;

  constructor(spec: SocketSinkSpec<T>) {
    this.#spec = spec;
  }

  createWriter({ taskName }: { readonly taskName: string }): SinkWriter<T> {
    return new SocketWriter(this.#spec, taskName);
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class SocketWriter<T> implements SinkWriter<T> {
  readonly #spec: SocketSinkSpec<T>;
  readonly #operator: string;
  #socket: net.Socket | null = null;
  /** What the operating system has not taken, oldest first: written again on the next connection. */
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;
  #attempts = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;
  #failure: TaskError | null = null;
  #opening: Waiting | null = null;
  /** Those who wait for fewer bytes to be pending. */
  readonly #waiting: (Waiting & { readonly atMost: number })[] = [];

  constructor(spec: SocketSinkSpec<T>, operator: string) {
    this.#spec = spec;
    this.#operator = operator;
  }

  async open(): Promise<void> {
    this.#connect();
    await new Promise<void>((resolve, reject) => {
      this.#opening = { resolve, reject };
    });
  }

  write(element: T): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    const serialized = this.#spec.serializer(element);
    if (typeof serialized !== 'string' && !(serialized instanceof Uint8Array))
      throw new TypeError('The serializer of writeToSocket returns a string or bytes.');
    const bytes = Buffer.from(serialized as string);
    if (bytes.length === 0) return undefined;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#socket?.readyState === 'open') this.#send(this.#socket, bytes);
    return this.#pendingBytes > MAX_BUFFERED_BYTES ? this.#until(MAX_BUFFERED_BYTES / 2) : undefined;
  }

  async flush(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await this.#until(0);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    // Behind what was flushed the connection ends in order.
    const socket = this.#socket;
    if (this.#pendingBytes === 0) socket?.end(() => socket.destroy());
    else socket?.destroy();
    this.#opening?.resolve();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #connect(): void {
    const { hostname: host, port } = this.#spec;
    // Half-open: a server that has nothing to say may end its side and read on.
    const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: true, timeout: CONNECT_TIMEOUT_MS });
    this.#socket = socket;
    let failure: Error | null = null;
    socket.once('connect', () => {
      socket.setTimeout(0);
      this.#opening?.resolve();
      this.#opening = null;
      for (const bytes of this.#pending) this.#send(socket, bytes);
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)));
    socket.on('error', (error) => {
      failure = error;
    });
    // What it says is nobody's business, but it must not fill up.
    socket.resume();
    socket.once('close', () => {
      if (this.#socket === socket) this.#lost(failure);
    });
  }

  #send(socket: net.Socket, bytes: Buffer): void {
    socket.write(bytes, (error) => {
      if (error || this.#socket !== socket) return;
      this.#attempts = 0;
      this.#pending.shift();
      this.#pendingBytes -= bytes.length;
      this.#settle();
    });
  }

  #lost(failure: Error | null): void {
    this.#socket = null;
    if (this.#closed) return;
    const { maxRetries, hostname, port } = this.#spec;
    if (maxRetries < 0 || this.#attempts < maxRetries) {
      this.#attempts++;
      this.#retry = setTimeout(() => this.#connect(), RETRY_PAUSE_MS);
      return;
    }
    const why = failure?.message ?? 'the server has closed the connection';
    this.#failure = new TaskError(
      'IO_FAILED',
      `Sink '${this.#operator}' cannot write to ${hostname}:${port}: ${why}. Is the server there? (maxRetries is ${maxRetries}.)`,
    );
    this.#opening?.reject(this.#failure);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #until(atMost: number): Promise<void> {
    if (this.#pendingBytes <= atMost) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ atMost, resolve, reject }));
  }

  #settle(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.atMost < this.#pendingBytes) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
  }
}
