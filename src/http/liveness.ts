// Connections by which TaskManagers show that they live. A TaskManager asks for an upgrade of `GET /liveness/<its id>` and keeps the
// connection; nothing is said on it but a goodbye. When a process ends, however it does, its system closes its connections at once,
// which no heartbeat could tell as soon. That a connection closed is no proof yet: networks close some, too.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is asked for with `Upgrade:`. */
export const LIVENESS_PROTOCOL = 'sluice-liveness';
/** Sent before an orderly close. */
export const GOODBYE = 'bye';

/** More than any cluster has TaskManagers; beyond it connections are refused. */
const MAX_CONNECTIONS = 10_000;
const MAX_ID_CHARS = 256;
/** A connection whose other end vanished without a word is found out by probes after this idle time. */
const KEEP_ALIVE_MS = 30_000;

export interface LivenessListener {
  /** It holds a connection, its first one. */
  readonly onLinked: (taskManagerId: string) => void;
  /** Its last connection closed without a goodbye. */
  readonly onUnlinked: (taskManagerId: string) => void;
}

export class LivenessConnections {
  readonly #listener: LivenessListener;
  readonly #connections = new Map<string, Set<Duplex>>();
  #count = 0;
  #closed = false;

  constructor(listener: LivenessListener) {
    this.#listener = listener;
  }

  /** For the `upgrade` event of an HTTP server. */
  accept(request: IncomingMessage, socket: Duplex): void {
    const taskManagerId = idIn(request);
    socket.on('error', () => {});
    if (taskManagerId === null || this.#closed || this.#count >= MAX_CONNECTIONS) {
      const status = taskManagerId === null ? '404 Not Found' : '503 Service Unavailable';
      // Not left half open: whoever is refused may never close its end.
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
      return;
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LIVENESS_PROTOCOL}\r\n\r\n`);
    if ('setKeepAlive' in socket && typeof socket.setKeepAlive === 'function') socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#hold(taskManagerId, socket);
  }

  /** Closes all of them; nobody is told. */
  close(): void {
    this.#closed = true;
    for (const sockets of this.#connections.values()) for (const socket of sockets) socket.destroy();
    this.#connections.clear();
  }

  #hold(taskManagerId: string, socket: Duplex): void {
    let sockets = this.#connections.get(taskManagerId);
    if (sockets === undefined) {
      sockets = new Set();
      this.#connections.set(taskManagerId, sockets);
      this.#listener.onLinked(taskManagerId);
    }
    sockets.add(socket);
    this.#count++;
    let orderly = false;
    socket.on('data', (data: Buffer) => {
      orderly ||= data.toString('latin1').startsWith(GOODBYE);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#count--;
      sockets.delete(socket);
      if (sockets.size > 0 || this.#closed) return;
      this.#connections.delete(taskManagerId);
      if (!orderly) this.#listener.onUnlinked(taskManagerId);
    });
  }
}

function idIn({ url = '', headers }: IncomingMessage): string | null {
  const match = /^\/liveness\/([^/?]+)$/.exec(url);
  if (match?.[1] === undefined || headers.upgrade?.toLowerCase() !== LIVENESS_PROTOCOL) return null;
  try {
    const id = decodeURIComponent(match[1]);
    return id !== '' && id.length <= MAX_ID_CHARS ? id : null;
  } catch {
    return null;
  }
}
