// A job whose map does what its argument says once it meets record 100; records come without end.
import { StreamExecutionEnvironment } from 'sluice';

type Behaviour = 'none' | 'throw' | 'exit' | 'hang' | 'eatMemory' | 'throwLater' | 'function' | 'badKey' | 'slowSink';

export default async function main([behaviour, records = '1000000000000']: string[]): Promise<void> {
  const act = behaviours[behaviour as Behaviour];
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const mapped = env
    .fromSequence(0, Number(records))
    .map((x): unknown => (x === 100 ? act(x) : x))
    .name('Troublemaker');
  const next = behaviour === 'badKey' ? mapped.keyBy((x) => x as number).reduce((left) => left) : mapped.rebalance();
  next.map((x) => x).print();
  await env.execute('misbehave');
}

const behaviours: Record<Behaviour, (x: number) => unknown> = {
  none: (x) => x,
  slowSink: (x) => x,
  throw: () => {
    throw new RangeError('one hundred is too many');
  },
  exit: () => process.exit(7),
  hang: () => {
    for (;;);
  },
  eatMemory: () => {
    const eaten: unknown[] = [];
    for (;;) eaten.push(new Array(10_000).fill(eaten.length));
  },
  throwLater: () => {
    setTimeout(() => {
      throw new Error('from a timer');
    }, 0);
    return 0;
  },
  function: () => ({ callback: () => {} }),
  badKey: () => Number.NaN,
};
