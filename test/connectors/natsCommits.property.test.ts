// Exactly once into NATS on a real server, whatever happens when (see sinkJob.ts): each record that was read is in the stream once.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { NatsSink } from '../../src/connectors/nats/index.ts';
import { natsForTests } from '../nats/server.ts';
import { Streams } from '../nats/streams.ts';
import { SinkJob } from './sinkJob.ts';

const url = await natsForTests();
const seed = Number(process.env.SEED ?? randomBytes(3).readUIntBE(0, 3));
const JOBS = 4;
const STEPS = 45;
describe.skipIf(!url)(`commits into NATS (SEED=${seed})`, () => {
  let streams: Streams;
  beforeAll(async () => {
    streams = await Streams.at(url!);
  });
  afterAll(() => streams?.close());

  it.each(Array.from({ length: JOBS }, (_, job) => job))(
    'are exactly once, job %i',
    { timeout: 120_000 },
    async (number) => {
      // With and without rolled up marks.
      const stream = await streams.create({ allow_rollup_hdrs: number % 2 === 0 });
      const sink = new NatsSink({
        servers: url!,
        ...{ stream, subject: `${stream}.out`, commitSubject: `${stream}.commits` },
        deliveryGuarantee: 'exactly-once',
      });
      const job = new SinkJob(sink, seededRandom(seed + number));
      await job.run(STEPS);
      const stored = (await streams.stored(stream, 'out')).map(({ text }) => Number(text)).sort((a, b) => a - b);
      expect(stored).toEqual(Array.from({ length: job.read }, (_, index) => index));
      await job.close();
    },
  );
});
