// NATS for test files. Without a server they are skipped, and say so; with SLUICE_REQUIRE_NATS=1 they fail instead.
import { inject } from 'vitest';
import { type LocalNats, startLocalNats } from './localServer.ts';

/** Address of the run's shared server; undefined where there is none: `describe.skipIf(!url)`. */
export async function natsForTests(): Promise<string | undefined> {
  const response = await fetch(inject('natsKeeper'));
  const answer = (await response.json()) as { url?: string; reason?: string };
  return answer.url ?? unavailable(answer.reason ?? 'no reason was given');
}

/** A server of the caller's own, to be killed and restarted; it stops it. */
export async function ownNatsForTests(): Promise<LocalNats | undefined> {
  try {
    return await startLocalNats({ durable: true });
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}

function unavailable(reason: string): undefined {
  if (process.env.SLUICE_REQUIRE_NATS === '1')
    throw new Error(`SLUICE_REQUIRE_NATS=1, and there is no NATS: ${reason}`);
  console.warn(`NATS TESTS ARE SKIPPED: ${reason}`);
  return undefined;
}
