// The simulated journal and signals keep the contracts, clean and with delays on every hop.
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import { journalContract } from './journalContract.ts';
import { signalsContract } from './signalsContract.ts';

const seed = Date.now() % 1_000_000;
console.info(`simulated contracts: seed ${seed}`);

journalContract('simulated, clean', async () => {
  const broker = new SimulatedBroker();
  return { connect: async () => broker.connect(), close: async () => {} };
});

journalContract(`simulated, with delays, seed ${seed}`, async () => {
  const broker = new SimulatedBroker({ random: seededRandom(seed), faults: { minDelayMs: 0, maxDelayMs: 4 } });
  return { connect: async () => broker.connect(), close: async () => {} };
});

signalsContract('simulated, clean', async () => {
  const hub = new SimulatedSignalHub();
  return { connect: async () => hub.connect(), close: async () => {} };
});

signalsContract(`simulated, lossy, seed ${seed}`, async () => {
  const hub = new SimulatedSignalHub({
    random: seededRandom(seed),
    faults: { maxDelayMs: 10, lossRate: 0.3, duplicateRate: 0.3 },
  });
  return { connect: async () => hub.connect(), close: async () => {} };
});
