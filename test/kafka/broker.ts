// Kafka for test files. Without a broker they are skipped, and say so; with SLUICE_REQUIRE_KAFKA=1 they fail instead.
import { inject } from 'vitest';
import { type LocalBroker, type LocalBrokerOptions, startLocalBroker } from '../../src/adapters/kafka/localBroker.ts';

/** Addresses of the run's shared broker; undefined where there is none: `describe.skipIf(!brokers)`. */
export async function kafkaForTests(): Promise<string[] | undefined> {
  const response = await fetch(inject('kafkaKeeper'));
  const answer = (await response.json()) as { brokers?: string[]; reason?: string };
  return answer.brokers ?? unavailable(answer.reason ?? 'no reason was given');
}

/** A broker of the caller's own, to be killed and restarted; it stops it. */
export async function ownBrokerForTests(options?: LocalBrokerOptions): Promise<LocalBroker | undefined> {
  try {
    return await startLocalBroker(options);
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}

function unavailable(reason: string): undefined {
  if (process.env.SLUICE_REQUIRE_KAFKA === '1')
    throw new Error(`SLUICE_REQUIRE_KAFKA=1, and there is no Kafka: ${reason}`);
  console.warn(`KAFKA TESTS ARE SKIPPED: ${reason}`);
  return undefined;
}
