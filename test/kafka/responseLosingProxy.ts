// A TCP proxy before a broker that loses responses: the request has arrived and is carried out, then the connection breaks before the
// answer. Which answers, the given random numbers say.
import net, { type AddressInfo } from 'node:net';

export class ResponseLosingProxy {
  /** The broker's port. */
  target = 0;
  /** Share of the chunks from the broker that are lost, with their connection. */
  lossRate = 0;
  lost = 0;
  readonly #random: () => number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(random: () => number) {
    this.#random = random;
    this.#server = net.createServer({ noDelay: true }, (client) => this.#join(client));
  }

  static async listen(random: () => number): Promise<ResponseLosingProxy> {
    const proxy = new ResponseLosingProxy(random);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: net.Socket): void {
    const upstream = net.connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (this.#random() >= this.lossRate) client.write(chunk);
      else {
        this.lost++;
        end();
      }
    });
  }
}
