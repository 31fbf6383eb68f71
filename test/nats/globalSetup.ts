// One nats-server for a whole test run. A keeper in vitest's main process starts it when the first test file asks, and stops it when the run ends,
// however it went. Where it comes from: NATS_URL, else a build with Go.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { startLocalNats } from './localServer.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the keeper answers: `{ url }` or `{ reason }`. */
    natsKeeper: string;
  }
}

interface SharedServer {
  readonly url: string;
  stop(): Promise<void>;
}

async function startSharedServer(): Promise<SharedServer> {
  const named = process.env.NATS_URL;
  return named ? { url: named, stop: async () => {} } : startLocalNats({ durable: false });
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<SharedServer> | undefined;
  const keeper = http.createServer((_, response) => {
    server ??= startSharedServer();
    server.then(
      ({ url }) => response.end(JSON.stringify({ url })),
      (error: Error) => response.end(JSON.stringify({ reason: error.message })),
    );
  });
  await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
  project.provide('natsKeeper', `http://127.0.0.1:${(keeper.address() as AddressInfo).port}`);
  return async () => {
    keeper.closeAllConnections();
    keeper.close();
    // One that never started has nothing to stop; the tests have told why.
    await server?.then(
      (started) => started.stop(),
      () => {},
    );
  };
}
