// One TCP connection to one broker: kafkajs's socket, TLS, SASL and request queue, without its retries and its pool. Guarantees: a call
// either returns the decoded response or throws a KafkaFailure; close() ends pending calls at once, even against a broker that hangs.
import net from 'node:net';
import tls from 'node:tls';
import Connection from 'kafkajs/src/network/connection.js';
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys.js';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import { KafkaFailure, textOf } from './failure.ts';

type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      readonly oauthBearerProvider: () => Promise<{ readonly value: string }>;
    };

/** Receives kafkajs's log lines; a line about a broken connection is normal while a broker restarts. */
export type KafkaLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface ConnectionSettings {
  readonly clientId: string;
  readonly ssl?: boolean | tls.ConnectionOptions | undefined;
  readonly sasl?: KafkaSasl | undefined;
  readonly log?: KafkaLog | undefined;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Time for TCP and TLS to come up; authentication has as long again. */
const CONNECT_TIMEOUT_MS = 3_000;
/** A broker that answers nothing for so long is given up, and the request tried on a new connection. */
export const REQUEST_TIMEOUT_MS = 5_000;

type Versions = Readonly<Record<number, { minVersion: number; maxVersion: number }>>;

export class BrokerConnection {
  readonly #connection: Connection;
  #lookup: ReturnType<typeof protocol.lookup> = protocol.lookup({});
  #closed = false;
  readonly address: BrokerAddress;

  private constructor(address: BrokerAddress, settings: ConnectionSettings) {
    this.address = address;
    this.#connection = new Connection({
      host: address.host,
      port: address.port,
      clientId: settings.clientId,
      ssl: settings.ssl === true ? {} : settings.ssl || null,
      sasl: settings.sasl ?? null,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: true,
      socketFactory: openSocket,
      logger: loggerFor(settings.log),
    });
  }

  static async open(address: BrokerAddress, settings: ConnectionSettings): Promise<BrokerConnection> {
    const opened = new BrokerConnection(address, settings);
    try {
      await opened.#handshake();
      return opened;
    } catch (error) {
      opened.close();
      const text = `broker ${address.host}:${address.port}: ${textOf(error)}`;
      const type = nameOf(error).includes('SASL') ? 'AUTHENTICATION_FAILED' : 'UNREACHABLE';
      throw new KafkaFailure(type, text, type === 'UNREACHABLE', { cause: error });
    }
  }

  get isOpen(): boolean {
    return !this.#closed && this.#connection.isConnected();
  }

  /** Builds the newest version of a request that both sides know. */
  prepare(api: string, args: unknown): Connection.ProtocolCall {
    return this.#lookup(apiKeys[api]!, protocol.requests[api]!)(args);
  }

  /** Sends and decodes. Error codes inside the response are the caller's to read: kafkajs's `parse`, which throws on the first, is left out. */
  async call(prepared: Connection.ProtocolCall): Promise<unknown> {
    if (!this.isOpen) throw new KafkaFailure('UNREACHABLE', `${this.#name()}: the connection is closed`, true);
    try {
      const { decode } = prepared.response;
      return await this.#connection.send({ ...prepared, response: { decode, parse: async (decoded) => decoded } });
    } catch (error) {
      // After a lost response the connection's order of requests is no longer ours to reason about, so it is given up.
      this.close();
      throw new KafkaFailure('RESPONSE_LOST', `${this.#name()}: ${textOf(error)}`, true, { cause: error });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.rejectRequests(new Error('the connection was closed'));
    this.#connection.disconnect().catch(() => {});
    this.#connection.socket?.destroy();
  }

  async #handshake(): Promise<void> {
    await this.#connection.connect();
    const call = protocol.requests.ApiVersions!.protocol({ version: 0 })();
    const answer = (await this.#connection.send(call)) as {
      apiVersions: readonly { apiKey: number; minVersion: number; maxVersion: number }[];
    };
    const versions: Versions = Object.fromEntries(answer.apiVersions.map((version) => [version.apiKey, version]));
    this.#connection.setVersions(versions);
    this.#connection.setSupportAuthenticationProtocol(apiKeys.SaslAuthenticate! in versions);
    this.#lookup = protocol.lookup(versions);
    await this.#connection.authenticate();
  }

  #name(): string {
    return `broker ${this.address.host}:${this.address.port}`;
  }
}

/** Without noDelay a small request behind an unacknowledged one waits for the peer's delayed ACK, up to 40 ms. */
function openSocket(options: {
  host: string;
  port: number;
  ssl: tls.ConnectionOptions | null;
  onConnect: () => void;
}): net.Socket {
  const { host, port, ssl, onConnect } = options;
  if (!ssl) return net.connect({ host, port, noDelay: true, keepAlive: true }, onConnect);
  const servername = net.isIP(host) ? {} : { servername: host };
  const socket = tls.connect({ host, port, ...servername, ...ssl }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function loggerFor(log: KafkaLog | undefined) {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      log?.(level, message, fields);
  // kafkajs logs two debug lines a request; they never leave here, as their cost is on the hot path.
  const logger = {
    debug: () => {},
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    namespace: (): unknown => logger,
  };
  return logger;
}
