// A link that gathers frames and messages and posts several at once, because a post between threads costs more than what it carries.
import type { TransferListItem } from 'node:worker_threads';
import type { ExchangeControl, Link } from '../../runtime/exchangeProtocol.ts';
import type { Bundle } from './protocol.ts';

/** Frames that are posted without waiting for the end of the turn, so that the other side need not idle meanwhile. */
const EAGER_FRAMES = 2;

export class BundlingLink implements Link {
  readonly name: string;
  readonly #post: (bundle: Bundle, transfer: TransferListItem[]) => void;
  #frames: Uint8Array<ArrayBuffer>[] = [];
  #controls: ExchangeControl[] = [];

  constructor(name: string, post: (bundle: Bundle, transfer: TransferListItem[]) => void) {
    this.name = name;
    this.#post = post;
  }

  data(frame: Uint8Array<ArrayBuffer>): void {
    // A bundle's frames are taken before its messages, so a frame may not overtake what is gathered: only ends of partitions must
    // not be overtaken, and after one no frame of its channel comes.
    if (this.#frames.push(frame) >= EAGER_FRAMES) this.flush();
  }

  control(message: ExchangeControl): void {
    this.#controls.push(message);
  }

  flush(): void {
    if (this.#frames.length === 0 && this.#controls.length === 0) return;
    const bundle = { frames: this.#frames, controls: this.#controls };
    this.#frames = [];
    this.#controls = [];
    this.#post(
      bundle,
      bundle.frames.map((frame) => frame.buffer),
    );
  }
}
