// A short stretch of `npm run chaos` on each journal, from a seed that is drawn anew and printed.
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { ownBrokerForTests } from '../kafka/broker.ts';
import { reportOf, runChaos } from './chaos.ts';

const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());
const DURATION_MS = 12_000;
const TEST_TIMEOUT_MS = 400_000;
const broker = await ownBrokerForTests();

describe.concurrent(`random faults (SEED=${seed})`, { timeout: TEST_TIMEOUT_MS }, () => {
  afterAll(async () => {
    await broker?.stop();
  });

  it.each(broker ? (['embedded', 'kafka'] as const) : (['embedded'] as const))(
    'leave every output right on the %s journal',
    async (journal) => {
      const lines: string[] = [];
      const verdict = await runChaos({
        seed,
        durationMs: DURATION_MS,
        broker: journal === 'kafka' ? broker! : null,
        log: (line) => lines.push(line),
      }).catch((error: unknown) => {
        throw new Error(`SEED=${seed}\n${lines.join('\n')}`, { cause: error });
      });
      const report = `SEED=${seed}\n${lines.join('\n')}\n${reportOf(verdict)}`;
      console.info(report);
      expect(verdict.faults, report).toEqual([]);
    },
  );
});
