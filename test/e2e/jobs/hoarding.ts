// Keeps whatever it sees, for ever: in a Map, in buffers or in state on disk, more than there is.
import { StreamExecutionEnvironment } from 'sluice';

const kept = new Map<string, number>();
const buffers: Buffer[] = [];

export default async function main([what = 'heap']: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const numbers = env.fromSequence(0, 1e12).map((x) => {
    if (what === 'heap') for (let i = 0; i < 20; i++) kept.set(`key ${x} ${i}`, i);
    if (what === 'buffers') buffers.push(Buffer.alloc(10_000, 1));
    return x;
  });
  if (what === 'state') {
    env.setStateBackend('lmdb');
    numbers
      .map((x) => ({ key: x, text: `${x}`.padEnd(200, '.') }))
      .keyBy(({ key }) => key)
      .reduce((left) => left)
      .discard();
  } else numbers.name('Hoarder').discard();
  await env.execute('Hoarding');
}
