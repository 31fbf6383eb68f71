// A TCP server of a test's own: whoever connects is handed to the test, and what they send is kept as text.
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

export class TcpServer {
  readonly connections: net.Socket[] = [];
  received = '';
  readonly #server = net.createServer((socket) => {
    this.connections.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.received += chunk.toString();
    });
  });

  static async listen(port = 0): Promise<TcpServer> {
    const server = new TcpServer();
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next to connect. */
  async accept(): Promise<net.Socket> {
    const [socket] = (await once(this.#server, 'connection')) as [net.Socket];
    return socket;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
