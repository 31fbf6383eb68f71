// A link that gathers frames and messages and posts many at once, because a post between threads costs more than what it carries. All
// frames of a post share one buffer, which is transferred.
import type { TransferListItem } from 'node:worker_threads';
import { ByteWriter } from '../../runtime/byteWriter.ts';
import type { ExchangeControl, Link } from '../../runtime/exchangeProtocol.ts';
import type { Bundle } from './protocol.ts';

/** So much is posted without waiting for the end of the turn, so that the other side need not idle meanwhile. */
const EAGER_BYTES = 8 * 1024;

export class BundlingLink implements Link {
  readonly name: string;
  readonly out = new ByteWriter();
  readonly #post: (bundle: Bundle, transfer: TransferListItem[]) => void;
  #controls: ExchangeControl[] = [];

  constructor(name: string, post: (bundle: Bundle, transfer: TransferListItem[]) => void) {
    this.name = name;
    this.#post = post;
  }

  frameWritten(): void {
    // A bundle's frames are taken before its messages. A frame may overtake a message, never the other way round: only the end of a
    // partition depends on the order, and no frame of its channel comes after it.
    if (this.out.position >= EAGER_BYTES) this.flush();
  }

  control(message: ExchangeControl): void {
    this.#controls.push(message);
  }

  flush(): void {
    if (this.out.position === 0 && this.#controls.length === 0) return;
    const frames = this.out.take();
    const controls = this.#controls;
    this.#controls = [];
    this.#post({ frames, controls }, [frames.buffer]);
  }
}
