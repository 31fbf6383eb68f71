// A job whose map does what its argument says once it meets record 100; records come without end.
import { StreamExecutionEnvironment } from 'sluice';

type Behaviour =
  | 'none'
  | 'throw'
  | 'exit'
  | 'hang'
  | 'eatMemory'
  | 'eatMap'
  | 'hoard'
  | 'hoardBuffers'
  | 'eatBuffers'
  | 'throwLater'
  | 'function'
  | 'badKey'
  | 'slowSink';

export default async function main([behaviour, records = '1000000000000']: string[]): Promise<void> {
  const act = behaviours[behaviour as Behaviour];
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const mapped = env
    .fromSequence(0, Number(records))
    .map((x): unknown =>
      x === 100 ? act(x) : behaviour === 'hoard' ? hoard(x) : behaviour === 'hoardBuffers' ? hoardBuffers(x) : x,
    )
    .name('Troublemaker');
  const next = behaviour === 'badKey' ? mapped.keyBy((x) => x as number).reduce((left) => left) : mapped.rebalance();
  next.map((x) => x).print();
  await env.execute('misbehave');
}

const hoarded = new Map<string, number>();

/** As eatMap, over many records. */
function hoard(x: number): number {
  for (let i = 0; i < 20; i++) hoarded.set(`key ${x} ${i}`, i);
  return x;
}

const buffers: Buffer[] = [];

function hoardBuffers(x: number): number {
  buffers.push(Buffer.alloc(10_000, 1));
  return x;
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
  // A Map that grows is copied whole: V8 ends the process where that is more than what is left to its limit.
  eatMap: () => {
    const eaten = new Map<string, number>();
    for (let i = 0; ; i++) eaten.set(`key ${i}`, i);
  },
  hoard: (x) => x,
  hoardBuffers: (x) => x,
  eatBuffers: () => {
    for (;;) buffers.push(Buffer.alloc(1_000_000, 1));
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
