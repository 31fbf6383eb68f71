// Connections to other TaskManagers: one for each pair, over which all channels of all jobs travel. Of two TaskManagers the one whose id sorts
// first dials, so both sides agree without a word; the other waits. What is sent before the connection stands waits in order. A connection
// that breaks is lost for good, with everything under way: the tasks that used it fail, and the next deployment connects anew.
import net from 'node:net';
import type { TaskManagerAddress } from '../../core/schema.gen.ts';
import type { Logger } from '../../ports/logger.ts';
import { TaskError } from '../../runtime/errors.ts';
import {
  type ExchangeControl,
  FRAME_BARRIER,
  FRAME_BROADCAST,
  FRAME_COMPRESSED,
  FRAME_CONTROL,
  FRAME_CREDIT,
  FRAME_DATA,
  FRAME_HELLO,
  jsonFrame,
  MAX_FRAME_BYTES,
  readJsonFrame,
} from '../../runtime/exchangeProtocol.ts';
import { readControls } from './controls.ts';
import { COMPRESSION, type CompressionCodec, FrameCompressor, unpack } from './frameCompression.ts';
import { FrameParser } from './frameParser.ts';
import { type Hello, helloFrame, readHello, versionProblem } from './hello.ts';
import type { Bundle } from './protocol.ts';

/** From connect, or accept, to the peer's hello. */
const HELLO_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;
const KEEP_ALIVE_MS = 10_000;
const MAX_REMEMBERED_LOSSES = 1_000;
/** Connections that have not said yet who they are; further ones are closed. */
const MAX_STRANGERS = 1_000;
/** The first frame of a connection: nobody has to hold more for a stranger. */
const MAX_HELLO_BYTES = 4_096;
const FRAMES_FOR_TASKS: ReadonlySet<number> = new Set([FRAME_DATA, FRAME_CREDIT, FRAME_BARRIER, FRAME_BROADCAST]);

interface Peer {
  readonly id: string;
  socket: net.Socket | null;
  /** Null: frames go as they are. */
  compressor: FrameCompressor | null;
  /** What waits for the connection: announcements and questions of tasks; records cannot flow before those were answered. */
  waiting: Uint8Array[];
  /** Ends the wait for the connection. */
  deadline: NodeJS.Timeout | null;
  /** The connection being tried, and the pause before the next try. */
  attempt: net.Socket | null;
  retry: NodeJS.Timeout | null;
}

export interface PeersOptions {
  readonly taskManagerId: string;
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly compression: CompressionCodec;
  /** Frames of records and credit, and messages. */
  readonly onReceived: (from: string, frames: readonly Uint8Array[], controls: readonly ExchangeControl[]) => void;
  /** A connection broke or could not be had in time; again whenever something is sent that needs it. */
  readonly onLost: (taskManagerId: string, error: TaskError) => void;
  readonly logger: Logger | undefined;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #server: net.Server;
  readonly #strangers = new Set<net.Socket>();
  /** Why the connection to each was lost, as long as no other takes its place. */
  readonly #lost = new Map<string, TaskError>();
  #closed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  /** Opens the data port; resolves with it. */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const hint =
          error.code === 'EADDRINUSE'
            ? 'Another process uses it: set taskmanager.data.port to a free port, or to 0 for any.'
            : '';
        reject(
          new Error(`The data port ${host}:${port} cannot be opened: ${error.message}. ${hint}`.trim(), {
            cause: error,
          }),
        );
      });
      this.#server.listen({ host, port }, () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  /** Sees to it that a connection to the TaskManager stands or will. */
  connect({ taskManagerId: id, host, dataPort }: TaskManagerAddress): void {
    if (this.#closed || this.#peers.has(id)) return;
    const peer = newPeer(id);
    this.#peers.set(id, peer);
    this.#lost.delete(id);
    const { timeoutMs, taskManagerId } = this.#options;
    const dials = taskManagerId < id;
    peer.deadline = setTimeout(() => {
      const what = dials ? `${host}:${dataPort} did not answer` : 'it did not connect';
      this.#lose(
        peer,
        new TaskError('PEER_TIMEOUT', `No connection to TaskManager ${id} within ${timeoutMs / 1000} s: ${what}.`),
      );
    }, timeoutMs);
    if (dials) this.#dial(peer, host, dataPort, FIRST_RETRY_MS);
  }

  send(id: string, { frames, controls }: Bundle): void {
    const peer = this.#peers.get(id);
    if (!peer) {
      // A task that started after the connection was lost must learn of it, too; for others this is a repeat.
      const error = this.#lost.get(id) ?? new TaskError('PEER_LOST', `There is no connection to TaskManager ${id}.`);
      if (!this.#closed) this.#options.onLost(id, error);
      return;
    }
    const all: Uint8Array[] = frames.length > 0 ? [peer.compressor?.pack(frames) ?? frames] : [];
    if (controls.length > 0) all.push(jsonFrame(FRAME_CONTROL, controls));
    if (peer.socket === null) {
      peer.waiting.push(...all);
      return;
    }
    peer.socket.cork();
    for (const frame of all) peer.socket.write(frame);
    peer.socket.uncork();
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const peer of this.#peers.values()) this.#drop(peer);
    for (const socket of this.#strangers) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #dial(peer: Peer, host: string, port: number, retryMs: number): void {
    const { taskManagerId } = this.#options;
    const socket = net.connect({ host, port });
    peer.attempt = socket;
    this.#prepare(socket);
    let connected = false;
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => {
      socket.write(helloFrame(taskManagerId, peer.id));
    });
    this.#read(socket, (hello) => {
      connected = true;
      if (this.#peers.get(peer.id) !== peer) return socket.destroy();
      const problem = hello.from !== peer.id ? `there is TaskManager ${hello.from} now` : versionProblem(hello);
      if (problem)
        this.#lose(
          peer,
          new TaskError('PEER_LOST', `TaskManager ${peer.id} is not at ${host}:${port} any more: ${problem}.`),
        );
      else this.#connected(peer, socket, hello);
    });
    socket.once('close', () => {
      if (connected || this.#peers.get(peer.id) !== peer) return;
      peer.retry = setTimeout(() => this.#dial(peer, host, port, Math.min(retryMs * 2, MAX_RETRY_MS)), retryMs);
    });
  }

  #accept(socket: net.Socket): void {
    this.#prepare(socket);
    if (this.#strangers.size >= MAX_STRANGERS) return void socket.destroy();
    this.#strangers.add(socket);
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
    socket.once('close', () => this.#strangers.delete(socket));
    this.#read(socket, (hello) => {
      this.#strangers.delete(socket);
      const { taskManagerId } = this.#options;
      socket.write(helloFrame(taskManagerId, hello.from));
      if (hello.to !== taskManagerId || versionProblem(hello)) {
        this.#options.logger?.warn(
          { from: hello.from, wanted: hello.to },
          'a TaskManager that looked for another one was turned away',
        );
        socket.end();
        return;
      }
      let peer = this.#peers.get(hello.from);
      // It dials anew because it has seen the old connection break, which this side has not yet.
      if (peer?.socket) {
        this.#lose(
          peer,
          new TaskError('PEER_LOST', `TaskManager ${peer.id} has connected anew; what was under way is lost.`),
        );
        peer = undefined;
      }
      if (!peer) {
        peer = newPeer(hello.from);
        this.#peers.set(peer.id, peer);
      }
      this.#connected(peer, socket, hello);
    });
  }

  #prepare(socket: net.Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // The close that follows says everything.
    socket.on('error', (error) => this.#options.logger?.debug({ error: error.message }, 'data connection failed'));
  }

  /** Reads frames: the first must be a hello. */
  #read(socket: net.Socket, onHello: (hello: Hello) => void): void {
    let from: string | null = null;
    let frames: Uint8Array[] = [];
    let controls: ExchangeControl[] = [];
    const take = (frame: Uint8Array): void => {
      const kind = frame[4]!;
      if (from === null) {
        if (kind !== FRAME_HELLO)
          throw new TaskError('PROTOCOL_VIOLATION', 'The peer sent records before it said who it is.');
        const hello = readHello(readJsonFrame(frame));
        from = hello.from;
        parser.maxFrameBytes = MAX_FRAME_BYTES;
        onHello(hello);
      } else if (FRAMES_FOR_TASKS.has(kind)) frames.push(frame);
      else if (kind === FRAME_COMPRESSED) for (const inner of unpack(frame)) take(inner);
      else if (kind === FRAME_CONTROL) controls = controls.concat(readControls(readJsonFrame(frame)));
      else throw new TaskError('PROTOCOL_VIOLATION', `TaskManager ${from} sent a frame of unknown kind ${kind}.`);
    };
    const parser = new FrameParser(take, MAX_HELLO_BYTES);
    socket.on('data', (chunk) => {
      try {
        parser.feed(chunk);
        if (from === null || socket.destroyed || (frames.length === 0 && controls.length === 0)) return;
        const received = frames;
        const messages = controls;
        frames = [];
        controls = [];
        this.#options.onReceived(from, received, messages);
      } catch (error) {
        // Whoever sent this cannot be talked to.
        socket.destroy(error as Error);
      }
    });
  }

  #connected(peer: Peer, socket: net.Socket, { compression }: Hello): void {
    if (this.#options.compression !== 'NONE' && compression === COMPRESSION) peer.compressor = new FrameCompressor();
    if (peer.deadline) clearTimeout(peer.deadline);
    peer.deadline = null;
    peer.attempt = null;
    peer.socket = socket;
    socket.setTimeout(0);
    socket.once('close', () => {
      if (this.#peers.get(peer.id) !== peer) return;
      this.#lose(
        peer,
        new TaskError(
          'PEER_LOST',
          `The connection to TaskManager ${peer.id} broke while records were exchanged over it.`,
        ),
      );
    });
    const { waiting } = peer;
    peer.waiting = [];
    for (const frame of waiting) socket.write(frame);
  }

  #lose(peer: Peer, error: TaskError): void {
    this.#drop(peer);
    if (this.#lost.size >= MAX_REMEMBERED_LOSSES) this.#lost.clear();
    this.#lost.set(peer.id, error);
    if (!this.#closed) this.#options.onLost(peer.id, error);
  }

  #drop(peer: Peer): void {
    this.#peers.delete(peer.id);
    if (peer.deadline) clearTimeout(peer.deadline);
    if (peer.retry) clearTimeout(peer.retry);
    peer.attempt?.destroy();
    peer.socket?.destroy();
  }
}

function newPeer(id: string): Peer {
  return { id, socket: null, compressor: null, waiting: [], deadline: null, attempt: null, retry: null };
}
