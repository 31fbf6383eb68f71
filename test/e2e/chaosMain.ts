// `npm run chaos`: random faults for as long as wanted, with a verdict at the end.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startLocalBroker } from '../../src/adapters/kafka/localBroker.ts';
import { reportOf, runChaos } from './chaos.ts';

const USAGE = `npm run chaos -- [--minutes M] [--seed N] [--journal kafka|embedded]    default: 5 minutes, a random seed, kafka`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(randomBytes(2).readUInt16LE()) },
    journal: { type: 'string', default: 'kafka' },
    help: { type: 'boolean', default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const valid = minutes > 0 && Number.isSafeInteger(seed) && ['kafka', 'embedded'].includes(values.journal);

if (values.help) console.log(USAGE);
else if (!valid) {
  console.error(USAGE);
  process.exitCode = 2;
} else process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const again = `npm run chaos -- --minutes ${minutes} --seed ${seed} --journal ${values.journal}`;
  console.log(again);
  const broker = values.journal === 'kafka' ? await startLocalBroker() : null;
  try {
    const verdict = await runChaos({ seed, durationMs: minutes * 60_000, broker, log: (line) => console.log(line) });
    console.log(reportOf(verdict));
    return verdict.faults.length === 0;
  } catch (error) {
    console.log(`${(error as Error).stack}\nThe cluster did not come to rest.`);
    return false;
  } finally {
    await broker?.stop();
    console.log(again);
  }
}
