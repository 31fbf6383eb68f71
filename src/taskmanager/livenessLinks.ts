// Keeps a connection to every JobManager that is heard of, so that each of them knows at once when this process ends. Where one breaks while
// the process lives, it is made again, and the cluster is told by a heartbeat soon after, in case it cannot be.
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { decodeMessage } from '../codec/codec.ts';
import type { JobManagerHeartbeat } from '../core/schema.gen.ts';
import { GOODBYE, LIVENESS_PROTOCOL } from '../http/liveness.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signal, Signals } from '../ports/signals.ts';

/** Pause before the first try to link again; it doubles. */
const MIN_RETRY_DELAY_MS = 20;
const MAX_RETRY_DELAY_MS = 2_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** A JobManager that is not heard for so long is not linked to any more. */
const FORGET_AFTER_MS = 5_000;
/** More than any cluster has. */
const MAX_LINKS = 100;
/** Longest REST address that is connected to. */
const MAX_ADDRESS_CHARS = 1_024;
/** An idle connection is probed after so long. */
const KEEP_ALIVE_MS = 30_000;
/** From the loss of a link to the heartbeat that contradicts it: late enough not to be taken for one sent before the loss. */
const CONTRADICTION_DELAY_MS = 100;

export interface LivenessLinksOptions {
  readonly taskManagerId: string;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a callback whose failure is this part's. */
  readonly guard: <A extends unknown[]>(callback: (...args: A) => void) => (...args: A) => void;
  /** A link broke a moment ago: say that this process lives. */
  readonly onLost: () => void;
}

export class LivenessLinks {
  readonly #options: LivenessLinksOptions;
  /** By REST address. */
  readonly #links = new Map<string, Link>();
  #unsubscribe: (() => Promise<void>) | null = null;
  #stopped = false;

  constructor(options: LivenessLinksOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const unsubscribe = await this.#options.signals.subscribe(
      'jobmanagers',
      this.#options.guard(({ payload }: Signal) => this.#onSignal(payload)),
    );
    if (this.#stopped) await unsubscribe();
    else this.#unsubscribe = unsubscribe;
  }

  /** Says goodbye on every link. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    await this.#unsubscribe?.();
  }

  #onSignal(payload: Uint8Array): void {
    if (this.#stopped) return;
    let heartbeat: JobManagerHeartbeat;
    try {
      const message = decodeMessage('signals', payload);
      if (message.type !== 'JobManagerHeartbeat') return;
      heartbeat = message;
    } catch {
      // A newer version's: its JobManager is not linked to, which only makes this process's end known later.
      return;
    }
    const { restAddress } = heartbeat;
    if (restAddress === '') return;
    const known = this.#links.get(restAddress);
    if (known !== undefined) return known.heard();
    const address = httpAddress(restAddress);
    // Of whatever says that it is a JobManager.
    if (this.#links.size >= MAX_LINKS || address === null) return;
    const link = new Link(address, this.#options, () => this.#links.delete(restAddress));
    this.#links.set(restAddress, link);
    link.heard();
    link.connect();
  }
}

/** Null where it is none that can be connected to. */
function httpAddress(text: string): URL | null {
  if (text.length > MAX_ADDRESS_CHARS || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'http:' ? url : null;
}

class Link {
  readonly #url: URL;
  readonly #options: LivenessLinksOptions;
  readonly #onForgotten: () => void;
  #socket: Duplex | null = null;
  #timer: Timer | null = null;
  #retryDelayMs = MIN_RETRY_DELAY_MS;
  #heardAtMs = 0;
  #closed = false;

  constructor(address: URL, options: LivenessLinksOptions, onForgotten: () => void) {
    this.#url = new URL(`/liveness/${encodeURIComponent(options.taskManagerId)}`, address);
    this.#options = options;
    this.#onForgotten = onForgotten;
  }

  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonic();
  }

  connect(): void {
    const headers = { connection: 'Upgrade', upgrade: LIVENESS_PROTOCOL };
    const { guard } = this.#options;
    const request = http.get(this.#url, { agent: false, headers, timeout: CONNECT_TIMEOUT_MS });
    // Not guarded: a link that opens when all has ended is still to be closed with a goodbye.
    request.on('upgrade', (_response, socket) => this.#onOpen(socket));
    // Any other answer: it keeps no such connections, or has too many.
    request.on('response', (response) => {
      response.resume();
      guard(() => this.#again(MAX_RETRY_DELAY_MS))();
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on(
      'error',
      guard(() => this.#again(this.#retryDelayMs)),
    );
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    // A request under way is not destroyed: the other end may have taken the link already, and would miss its goodbye.
    this.#socket?.end(GOODBYE);
  }

  #onOpen(socket: Duplex): void {
    const { clock, logger, guard, onLost } = this.#options;
    socket.on('error', () => {});
    if (this.#closed) {
      socket.end(GOODBYE);
      return;
    }
    this.#socket = socket;
    this.#retryDelayMs = MIN_RETRY_DELAY_MS;
    if ('setKeepAlive' in socket && typeof socket.setKeepAlive === 'function') socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // Nothing is said on it; reading shows when it ends.
    socket.resume();
    const onClose = guard(() => {
      this.#socket = null;
      if (this.#closed) return;
      logger.debug({ address: this.#url.host }, 'the connection to a JobManager was lost');
      clock.after(CONTRADICTION_DELAY_MS, () => {
        if (!this.#closed) onLost();
      });
      this.#again(this.#retryDelayMs);
    });
    socket.on('close', onClose);
  }

  #again(delayMs: number): void {
    if (this.#closed || this.#socket !== null) return;
    this.#timer?.cancel();
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, MAX_RETRY_DELAY_MS);
    this.#timer = this.#options.clock.after(delayMs, () => {
      if (this.#options.clock.monotonic() - this.#heardAtMs <= FORGET_AFTER_MS) return this.connect();
      this.#closed = true;
      this.#onForgotten();
    });
  }
}
