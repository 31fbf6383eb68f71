// REST as a part of a JobManager. Opened anew it takes the port that it got the first time, since its address stands in the Claim and in
// what others were told.
import { openRest, type RestOptions, type RestServer } from '../http/server.ts';

export class RestPart {
  readonly #options: RestOptions;
  #server: RestServer | null = null;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** `http://host:port`; '' while it is not open. */
  get address(): string {
    return this.#server?.address ?? '';
  }

  /** Rejects with RestError. */
  async open(): Promise<void> {
    this.#server = await openRest(this.#options);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}
