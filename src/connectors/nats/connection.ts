// How the connector reaches NATS: one connection a reader or writer, which is made again for as long as it takes once it has stood. What goes wrong
// becomes a NatsConnectorError, whose message names what was to be done.
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { credsAuthenticator, type NatsConnection, type TlsOptions } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { ApiError } from 'sluice';

export interface NatsConnectionOptions {
  /** `host:port` of some servers; the others of their cluster are found through them. */
  readonly servers: string | readonly string[];
  /** What the servers know the connection as. Default: 'sluice'. */
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly token?: string | undefined;
  /** Contents of a credentials file. */
  readonly credentials?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

export type NatsConnectorErrorCode =
  | 'UNAVAILABLE'
  | 'UNKNOWN_STREAM'
  /** The stream, or a record, is not what the source or sink needs. */
  | 'UNSUITABLE'
  /** The stream no longer has what was to be read. */
  | 'SEQUENCE_EXPIRED'
  /** The bytes of a record are not what the deserialiser expects. */
  | 'MALFORMED_RECORD'
  | 'WRITE_FAILED'
  /** It cannot be told whether prepared records are in the stream, or they are not the only ones of their number. */
  | 'COMMIT_LOST';

export class NatsConnectorError extends Error {
  override readonly name = 'NatsConnectorError';
  readonly code: NatsConnectorErrorCode;
  constructor(code: NatsConnectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const CONNECT_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 5_000;
const RECONNECT_PAUSE_MS = 250;
const RETRY_PAUSE_MS = 250;

export class Nats {
  readonly #options: NatsConnectionOptions;
  #connection: NatsConnection | null = null;
  #opening: Promise<void> | null = null;
  #closed = false;
  #js: JetStreamClient | null = null;
  #jsm: JetStreamManager | null = null;

  constructor(options: NatsConnectionOptions) {
    this.#options = options;
  }

  /** Several may call it. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  get connection(): NatsConnection {
    return this.#connection!;
  }

  get js(): JetStreamClient {
    return this.#js!;
  }

  get jsm(): JetStreamManager {
    return this.#jsm!;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws UNKNOWN_STREAM where there is none. */
  async stream(name: string): Promise<StreamInfo> {
    try {
      return await this.jsm.streams.info(name);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
      throw new NatsConnectorError(
        'UNKNOWN_STREAM',
        `NATS has no stream ${name}. Create it, or correct its name; where it was deleted, what it held is gone.`,
        { cause: error },
      );
    }
  }

  /** Repeats an attempt while its failure may pass, for at most `timeoutMs`. Errors of the connector's own are final. */
  async retried<T>(what: string, timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof NatsConnectorError) throw error;
        const lost = this.#connection?.isClosed() === true;
        if (this.#closed || lost || performance.now() + RETRY_PAUSE_MS > deadline)
          throw new NatsConnectorError('UNAVAILABLE', `Could not ${what}: ${(error as Error).message}.`, {
            cause: error,
          });
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => {});
    await this.#connection?.close();
  }

  async #open(): Promise<void> {
    const { servers, name = 'sluice', user, pass, token, credentials, tls } = this.#options;
    const given = {
      ...(user !== undefined && { user }),
      ...(pass !== undefined && { pass }),
      ...(token !== undefined && { token }),
      ...(tls !== undefined && { tls }),
      ...(credentials !== undefined && { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    };
    const connection = await this.retried(`reach NATS at ${String(servers)}`, CONNECT_TIMEOUT_MS, () =>
      connect({
        servers: typeof servers === 'string' ? servers : [...servers],
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_PAUSE_MS,
        ...given,
      }),
    );
    this.#connection = connection;
    if (this.#closed) {
      await connection.close();
      return;
    }
    this.#js = jetstream(connection, { timeout: REQUEST_TIMEOUT_MS });
    this.#jsm = await jetstreamManager(connection, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS });
  }
}

export function checkServers(what: string, { servers }: NatsConnectionOptions): void {
  const named = typeof servers === 'string' ? servers !== '' : Array.isArray(servers) && servers.length > 0;
  if (!named) throw new ApiError('INVALID_ARGUMENT', `${what}: name at least one server, such as 'localhost:4222'.`);
}
