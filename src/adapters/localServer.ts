// What servers of this machine need that are started for a demo, a bench or a test: a port that nobody takes while the server is down, and an end with
// their owner, however that ends.
import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';

/** Below the range that the kernel gives to outgoing connections, so that no client takes the port while the server is down. */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
/** Waits for its standard input to end, which is when the owner does; then kills the server and removes its data. */
const WATCHDOG = 'cat >/dev/null; kill -9 "$1" 2>/dev/null; rm -rf "$2"';

/** On loopback. Another process may take it before it is bound. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    return port;
  }
}

/** Ends the server and removes the folder `dir` when this process ends, until the server has ended by itself. Keeps no process alive. */
export function endWithOwner(child: ChildProcess, dir: string): void {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', String(child.pid), dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.on('error', () => {}); // without /bin/sh the exit handler still covers an orderly end
  watchdog.unref();
  (watchdog.stdin as net.Socket | null)?.unref?.();
  child.once('exit', () => {
    if (watchdog.pid === undefined) return;
    try {
      process.kill(-watchdog.pid, 'SIGKILL'); // its group: the shell and its cat
    } catch {
      // It has ended already.
    }
  });
}
