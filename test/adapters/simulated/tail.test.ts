// A quirk of the simulated tail: a fetch takes time, and the log may be trimmed meanwhile.
import { expect, it } from 'vitest';
import { ManualClock } from '../../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../../src/adapters/simulated/random.ts';

it('A tail whose next record is dropped while its fetch is under way ends instead of skipping records', async () => {
  const clock = new ManualClock();
  const broker = new SimulatedBroker({ clock, random: seededRandom(1) });
  broker.create({ name: 'topic', partitions: 1, replicas: 1, config: {} });
  const log = broker.log('topic', 0);
  log.append(Array.from({ length: 10 }, () => ({ key: null, value: new Uint8Array(1), headers: {} })));
  const seen: number[] = [];
  const errors: Error[] = [];
  const opening = broker.connect().tail([{ topic: 'topic', partition: 0, from: 0 }], {
    onBatch: ({ records }) => void seen.push(...records.map(({ offset }) => offset)),
    onError: (error) => errors.push(error),
  });
  let open = false;
  opening.then(() => {
    open = true;
  });
  await clock.runUntil(() => open, 100);
  log.trim(5);
  await clock.advance(100);
  expect(seen).toEqual([]);
  expect(errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
});
