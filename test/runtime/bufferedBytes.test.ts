// What an exchange holds of records is bounded by their bytes, not only by their number, and what was worked off is let go at once.
import { setImmediate } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import type { ChannelAddress } from '../../src/runtime/exchangeProtocol.ts';
import { InputGate } from '../../src/runtime/inputGate.ts';
import { type CreditReceiver, type LocalReceiver, OutputChannel } from '../../src/runtime/outputChannel.ts';
import type { RecordBatch } from '../../src/runtime/recordBatch.ts';

const ADDRESS: ChannelAddress = {
  jobId: 'job',
  vertex: 1,
  input: 0,
  subtask: 0,
  attempt: 1,
  producerSubtask: 0,
  producerAttempt: 1,
};
const NO_CREDIT: CreditReceiver = { credit() {} };

/** Sizes of the batches in which a channel within a thread sends so many records. */
function batchesOf(record: unknown, count: number): number[] {
  const sizes: number[] = [];
  const receiver: LocalReceiver = {
    receive: (_, { records }) => sizes.push(records.length),
    barrier() {},
    broadcast() {},
    endOfPartition() {},
  };
  const owner = {
    ...NO_CREDIT,
    operator: 'source',
    pressure: { blocked: 0 },
    fanOut: 1,
    eventTime: false,
    serializer: null,
    countOut() {},
  };
  const channel = new OutputChannel(ADDRESS, owner);
  channel.connect({ kind: 'local', receiver }, count);
  for (let i = 0; i < count; i++) if (channel.records.push(record) >= channel.limit) channel.full();
  channel.flush();
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  return sizes;
}

it('sends small records by the thousand, and large ones in batches of a bounded size', () => {
  expect(Math.max(...batchesOf(['word', 1], 10_000))).toBe(1024);
  expect(Math.max(...batchesOf({ id: 1, body: 'x'.repeat(800) }, 10_000)) * 800).toBeLessThan(256 * 1024);
});

it('learns the size of records from one of them', () => {
  expect(batchesOf('x'.repeat(1_000_000), 5)).toEqual([1, 1, 1, 1, 1]);
});

it('lets go of a batch that is worked off, though others wait behind it', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collectGarbage = vm.runInNewContext('gc') as () => void;
  const input = {
    port: 0,
    strategy: 'FORWARD',
    source: 0,
    sourceName: 'source',
    serializer: null,
    producerAttempts: [1],
  } as const;
  const gate = new InputGate('task', 0, [input], () => {}, false);
  const receive = (): WeakRef<RecordBatch> => {
    const batch: RecordBatch = { records: [{}], timestamps: null, marks: null };
    gate.receiveLocal(ADDRESS, batch, NO_CREDIT);
    return new WeakRef(batch);
  };
  const first = receive();
  const second = receive();
  gate.take();
  gate.done();
  // A WeakRef holds its target to the end of the turn that made it.
  await setImmediate();
  collectGarbage();
  expect(first.deref()).toBeUndefined();
  expect(second.deref()).toBeDefined();
  expect(gate.size).toBe(1);
});
