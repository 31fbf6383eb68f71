// A real Kafka broker on this machine, for tests, the demo and the bench: one process that is broker and controller, on loopback, on
// free ports, with its data in a temporary folder. Guarantees: it ends with its owner, however that ends (a watchdog waits on a pipe that
// only the owner holds); `kill` and `restart` keep port and data; `stop` removes both.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithOwner, freePort } from '../localServer.ts';
import { BrokerConnection } from './connection.ts';
import { installKafka, type KafkaInstallation, serverProperties } from './localInstallation.ts';
import { fetchMetadata } from './requests.ts';

export interface LocalBroker {
  /** Addresses for `journal.kafka.brokers`. */
  readonly brokers: string[];
  /** The broker's process while it runs. */
  readonly pid: number | undefined;
  /** Sends a signal; for SIGKILL and SIGTERM resolves once the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. Resolves when it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. Idempotent. */
  stop(): Promise<void>;
}

export interface LocalBrokerOptions {
  /** Broker settings beyond those for quick tests, such as `broker.session.timeout.ms`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Where the broker's programs are kept. Default `~/.cache/sluice`. */
  readonly cacheDir?: string;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** An orderly stop takes a broker about a second; beyond this it is killed. */
const STOP_TIMEOUT_MS = 5_000;
const START_ATTEMPTS = 3;

/** Starts a broker; the first start ever downloads it. Throws where Java 17 or Maven is missing, with the reason. */
export async function startLocalBroker(options: LocalBrokerOptions = {}): Promise<LocalBroker> {
  const installation = await installKafka(options.cacheDir);
  for (let attempt = 1; ; attempt++) {
    const broker = new BrokerProcess(installation, await freePort(), await freePort(), options.config ?? {});
    try {
      await broker.restart();
      return broker;
    } catch (error) {
      await broker.stop();
      // Another process may have taken a port between the look and the bind.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

class BrokerProcess implements LocalBroker {
  readonly brokers: string[];
  readonly #installation: KafkaInstallation;
  readonly #port: number;
  readonly #dir: string;
  #child: ChildProcess | undefined;
  readonly #onExit = () => {
    this.#child?.kill('SIGKILL');
    fs.rmSync(this.#dir, { recursive: true, force: true });
  };

  constructor(
    installation: KafkaInstallation,
    port: number,
    controllerPort: number,
    config: Readonly<Record<string, string>>,
  ) {
    this.#installation = installation;
    this.#port = port;
    this.brokers = [`127.0.0.1:${port}`];
    this.#dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-kafka-'));
    const dataDir = path.join(this.#dir, 'data');
    fs.cpSync(installation.formattedDataDir, dataDir, { recursive: true });
    fs.writeFileSync(this.#propertiesFile, serverProperties({ port, controllerPort, dataDir, config }));
    process.once('exit', this.#onExit);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get #propertiesFile(): string {
    return path.join(this.#dir, 'server.properties');
  }

  get #logFile(): string {
    return path.join(this.#dir, 'broker.log');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    child.ref(); // else an owner with nothing else to do would end here
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    const log = fs.openSync(this.#logFile, 'a');
    // A group of its own: Ctrl-C at the terminal must not end the broker before its clients.
    const child = spawn(
      this.#installation.java,
      [...this.#installation.javaArguments, 'kafka.Kafka', this.#propertiesFile],
      {
        stdio: ['ignore', log, log],
        detached: true,
        cwd: this.#dir,
      },
    );
    fs.closeSync(log);
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(
        `could not start Java (${(error as Error).message}); install Java 17 or newer, or set KAFKA_BROKERS`,
      );
    });
    failed.catch(() => {});
    if (child.pid === undefined) await failed;
    this.#child = child;
    endWithOwner(child, this.#dir);
    child.unref();
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await this.#untilServing(child);
  }

  async stop(): Promise<void> {
    process.off('exit', this.#onExit);
    const child = this.#child;
    if (child) {
      const orderly = this.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGCONT'); // a stopped process hears no SIGTERM
      await orderly;
      clearTimeout(timer);
    }
    fs.rmSync(this.#dir, { recursive: true, force: true });
  }

  async #untilServing(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
      if (await isServing(this.#port)) return;
      await sleep(POLL_MS);
    }
    const tail = fs.readFileSync(this.#logFile, 'utf8').split('\n').slice(-15).join('\n');
    throw new Error(`the local Kafka broker on port ${this.#port} did not start; the end of its log:\n${tail}`);
  }
}

/** A broker lists itself in the metadata once the controller lets it serve. */
async function isServing(port: number): Promise<boolean> {
  let connection: BrokerConnection | undefined;
  try {
    connection = await BrokerConnection.open({ host: '127.0.0.1', port }, { clientId: 'sluice-probe' });
    return (await fetchMetadata(connection, [])).brokers.length > 0;
  } catch {
    return false;
  } finally {
    connection?.close();
  }
}
