// The REST endpoint of a JobManager. Its port is open as soon as `openRest` resolves; fastify, which takes longer to load than the rest
// of the process to start, is loaded right after, and requests that arrive before wait for it.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../ports/logger.ts';
import type { ClusterView } from './clusterView.ts';
import { RestError } from './errors.ts';
import { LivenessConnections, type LivenessListener } from './liveness.ts';

export interface RestOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly view: ClusterView;
  readonly logger: Logger;
  /** Whom TaskManagers may show by a connection that they live; null: nobody. */
  readonly liveness?: LivenessListener | null;
  /** The open server has failed: it may serve no more. */
  readonly onFailure: (error: Error) => void;
}

export interface RestServer {
  /** `http://host:port` with the port that it got. */
  readonly address: string;
  close(): Promise<void>;
}

type RequestHandler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Rejects with RestError. */
export async function openRest({
  host,
  port,
  view,
  logger,
  liveness = null,
  onFailure,
}: RestOptions): Promise<RestServer> {
  let loading: Promise<{ handle: RequestHandler }> | null = null;
  const load = () => {
    loading ??= import('./app.ts').then(async ({ buildApp }) => {
      const app = buildApp(view, logger);
      await app.ready();
      return { handle: app.routing };
    });
    return loading;
  };
  const server = http.createServer((request, response) => {
    load().then(
      ({ handle }) => handle(request, response),
      (error: unknown) => {
        logger.error({ error: String(error) }, 'REST could not be loaded');
        response.writeHead(500, { 'content-type': 'application/json' }).end('{"errors":["REST could not be loaded."]}');
      },
    );
  });
  const connections = liveness === null ? null : new LivenessConnections(liveness);
  if (connections !== null) server.on('upgrade', (request, socket) => connections.accept(request, socket));
  await listen(server, host, port);
  server.on('error', onFailure);
  setImmediate(() => load().catch(() => {}));
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Browsers keep connections open for longer than anybody wants to wait for a shutdown.
      server.closeAllConnections();
      connections?.close();
      await closed;
    },
  };
}

async function listen(server: http.Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new RestError(
        'PORT_IN_USE',
        `Port ${port} on ${host} is in use by another process, so REST cannot listen there. Choose another with rest.port, or stop that process.`,
        { cause: error },
      );
    }
    throw new RestError(
      'CANNOT_LISTEN',
      `REST cannot listen on ${host}:${port}: ${message}. Correct jobmanager.rest.bind-address or rest.port.`,
      {
        cause: error,
      },
    );
  }
}
