// Streams of a test's own on a real server, and what they hold.
import { randomBytes } from 'node:crypto';
import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';

export interface Stored {
  readonly sequence: number;
  readonly subject: string;
  readonly text: string;
}

export class Streams {
  readonly url: string;
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly #made: string[] = [];

  static async at(url: string): Promise<Streams> {
    const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    return new Streams(url, connection, await jetstreamManager(connection));
  }

  private constructor(url: string, connection: NatsConnection, jsm: JetStreamManager) {
    this.url = url;
    this.connection = connection;
    this.js = jetstream(connection);
    this.jsm = jsm;
  }

  /** Resolves once the server answers, which may just have been started again. */
  async ready(): Promise<void> {
    const asked = (): Promise<unknown> => this.jsm.getAccountInfo().catch(asked);
    await asked();
  }

  /** A stream that takes `<name>.>`. Gives its name. */
  async create(config: Partial<StreamConfig> = {}): Promise<string> {
    const name = `t${randomBytes(5).toString('hex')}`;
    await this.jsm.streams.add({ name, subjects: [`${name}.>`], allow_atomic: true, ...config });
    this.#made.push(name);
    return name;
  }

  /** Numbers, over the subjects in turn: `<name>.<subject>`. */
  async fill(name: string, subjects: readonly string[], count: number, from = 0): Promise<void> {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    for (let at = 0; at < count; at += 500)
      await Promise.all(
        numbers.slice(at, at + 500).map((n) => {
          const made = headers();
          made.set('n', String(n));
          const to = `${name}.${subjects[n % subjects.length]}`;
          // A server that was just killed may not answer the first time.
          const options = { headers: made, msgID: `${name}-${n}`, timeout: 1_000 };
          const publish = (): Promise<unknown> => this.js.publish(to, String(n), options).catch(publish);
          return publish();
        }),
      );
  }

  /** All that is stored below `<name>.<filter>`, in order. */
  async stored(name: string, filter = '>'): Promise<Stored[]> {
    const found: Stored[] = [];
    const created = await this.jsm.consumers.add(name, {
      ack_policy: 'none',
      deliver_policy: 'all',
      filter_subjects: [`${name}.${filter}`],
      inactive_threshold: 60e9,
    });
    const consumer = await this.js.consumers.get(name, created.name);
    for (let pending = created.num_pending; pending > 0; )
      for await (const message of await consumer.fetch({ max_messages: Math.min(pending, 1_000), expires: 5_000 })) {
        pending--;
        found.push({ sequence: message.seq, subject: message.subject, text: message.string() });
      }
    await this.jsm.consumers.delete(name, created.name);
    return found;
  }

  async close(): Promise<void> {
    for (const name of this.#made) await this.jsm.streams.delete(name).catch(() => {});
    await this.connection.close();
  }
}
