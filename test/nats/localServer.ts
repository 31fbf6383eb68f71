// A real nats-server with JetStream on this machine, for tests: one process on loopback, on a free port, with its data in a temporary folder. The program
// is built once with Go's own tools into the cache folder. Guarantees: it ends with its owner, however that ends; `kill` and `restart` keep
// port and data; `stop` removes both.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endWithOwner, freePort } from '../../src/adapters/localServer.ts';

export interface LocalNats {
  /** `host:port`. */
  readonly url: string;
  /** Ends the process at once. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. Resolves when it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. Idempotent. */
  stop(): Promise<void>;
}

const VERSION = '2.15.2';
const BUILD_TIMEOUT_MS = 600_000;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const START_ATTEMPTS = 3;

const run = promisify(execFile);

/** The program's path. The folder appears whole or not at all. */
export async function installNats(cacheDir = path.join(os.homedir(), '.cache', 'sluice')): Promise<string> {
  const dir = path.join(cacheDir, `nats-server-${VERSION}`);
  const program = path.join(dir, 'nats-server');
  if (fs.existsSync(program)) return program;
  fs.mkdirSync(cacheDir, { recursive: true });
  const fresh = fs.mkdtempSync(`${dir}.`);
  try {
    await run('go', ['install', `github.com/nats-io/nats-server/v2@v${VERSION}`], {
      env: { ...process.env, GOBIN: fresh },
      timeout: BUILD_TIMEOUT_MS,
    }).catch((error: Error & { stderr?: string }) => {
      const reason = (error.stderr || error.message).trim().split('\n').slice(-3).join(' ');
      throw new Error(`could not build nats-server ${VERSION} (${reason}); install Go and connect, or set NATS_URL`);
    });
    // Another process may have been faster.
    if (!fs.existsSync(program)) fs.renameSync(fresh, dir);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}

export interface LocalNatsOptions {
  /** Writes are synced before they are acknowledged, so that a kill loses none of them. Slow. */
  readonly durable: boolean;
}

export async function startLocalNats({ durable }: LocalNatsOptions): Promise<LocalNats> {
  const program = await installNats();
  for (let attempt = 1; ; attempt++) {
    const server = new NatsProcess(program, await freePort(), durable);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

class NatsProcess implements LocalNats {
  readonly url: string;
  readonly #program: string;
  readonly #port: number;
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-nats-'));
  #child: ChildProcess | null = null;
  readonly #onExit = (): void => {
    this.#child?.kill('SIGKILL');
    fs.rmSync(this.#dir, { recursive: true, force: true });
  };

  constructor(program: string, port: number, durable: boolean) {
    this.#program = program;
    this.#port = port;
    this.url = `127.0.0.1:${port}`;
    const sync = durable ? ', sync_interval: always' : '';
    fs.writeFileSync(
      this.#configFile,
      `listen: "${this.url}"\njetstream { store_dir: "${path.join(this.#dir, 'data')}"${sync} }\n`,
    );
    process.once('exit', this.#onExit);
  }

  get #configFile(): string {
    return path.join(this.#dir, 'server.conf');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.ref();
    child.kill('SIGKILL');
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill();
    const log = fs.openSync(path.join(this.#dir, 'server.log'), 'a');
    const child = spawn(this.#program, ['-c', this.#configFile], { stdio: ['ignore', log, log], detached: true });
    fs.closeSync(log);
    this.#child = child;
    child.unref();
    endWithOwner(child, this.#dir);
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await this.#serves())) {
      if (this.#child !== child || performance.now() > deadline)
        throw new Error(`nats-server did not start:\n${fs.readFileSync(path.join(this.#dir, 'server.log'), 'utf8')}`);
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    process.off('exit', this.#onExit);
    await this.kill();
    fs.rmSync(this.#dir, { recursive: true, force: true });
  }

  /** It greets whoever connects. */
  async #serves(): Promise<boolean> {
    const socket = net.connect(this.#port, '127.0.0.1');
    try {
      const [greeting] = await once(socket, 'data');
      return String(greeting).startsWith('INFO');
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
