// One Kafka broker for a whole test run. A keeper in vitest's main process starts it when the first test file asks, and stops it when the
// run ends, however it went. Where it comes from: KAFKA_BROKERS, else a Docker engine, else Maven Central and Java 17.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { startLocalBroker } from '../../src/adapters/kafka/localBroker.ts';
import { startDockerBroker } from './dockerBroker.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the keeper answers: `{ brokers }` or `{ reason }`. */
    kafkaKeeper: string;
  }
}

interface SharedBroker {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

async function startSharedBroker(): Promise<SharedBroker> {
  const named = process.env.KAFKA_BROKERS;
  if (named) return { brokers: named.split(',').map((address) => address.trim()), stop: async () => {} };
  const inDocker = await startDockerBroker();
  return inDocker ?? (await startLocalBroker());
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let broker: Promise<SharedBroker> | undefined;
  const keeper = http.createServer((_, response) => {
    broker ??= startSharedBroker();
    broker.then(
      ({ brokers }) => response.end(JSON.stringify({ brokers })),
      (error: Error) => response.end(JSON.stringify({ reason: error.message })),
    );
  });
  await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
  project.provide('kafkaKeeper', `http://127.0.0.1:${(keeper.address() as AddressInfo).port}`);
  return async () => {
    keeper.closeAllConnections();
    keeper.close();
    // A broker that never started has nothing to stop; the tests have told why.
    await broker?.then(
      (started) => started.stop(),
      () => {},
    );
  };
}
