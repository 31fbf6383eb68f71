// Keeps whatever it sees, for ever, in a Map: more than any heap holds.
import { StreamExecutionEnvironment } from 'sluice';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const kept = new Map<string, number>();
env
  .fromSequence(0, 1e12)
  .map((x) => {
    for (let i = 0; i < 20; i++) kept.set(`key ${x} ${i}`, i);
    return x;
  })
  .name('Hoarder')
  .discard();
await env.execute('Hoarding');
