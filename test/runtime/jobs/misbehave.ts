// A job whose map does what its argument says once it meets record 100; records come without end.
import {
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type RuntimeContext,
  StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';

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
  | 'rejectLater'
  | 'closeThrows'
  | 'huge'
  | 'stateFunction'
  | 'stateInstance'
  | 'stateCycle'
  | 'function'
  | 'badKey'
  | 'slowSink';

class Thing {}

/** Keeps what its kind says. */
class Keeper implements KeyedProcessFunction<number, number, number> {
  readonly kind: string;
  kept!: ValueState<unknown>;
  constructor(kind: string) {
    this.kind = kind;
  }
  open(context: RuntimeContext) {
    this.kept = context.getState(new ValueStateDescriptor<unknown>('kept'));
  }
  processElement(_value: number, _context: KeyedProcessContext<number>, out: (value: number) => void) {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const values: Record<string, unknown> = {
      stateFunction: { deep: [1, () => 1] },
      stateInstance: { deep: [1, new Thing()] },
      stateCycle: cycle,
    };
    this.kept.update(values[this.kind]);
    out(1);
  }
}

const closer = (how = '') => ({
  map: (x: unknown) => x,
  close() {
    const error = new Error('cannot flush');
    if (how === 'at once') throw error;
    return Promise.reject(error);
  },
});

export default async function main([behaviour, records = '1000000000000', how]: string[]): Promise<void> {
  const act = behaviours[behaviour as Behaviour];
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const mapped = env
    .fromSequence(0, Number(records))
    .map((x): unknown =>
      x === 100 ? act(x) : behaviour === 'hoard' ? hoard(x) : behaviour === 'hoardBuffers' ? hoardBuffers(x) : x,
    )
    .name('Troublemaker');
  const next = behaviour === 'badKey' ? mapped.keyBy((x) => x as number).reduce((left) => left) : mapped.rebalance();
  if (behaviour?.startsWith('state')) {
    const values = env.fromSequence(0, 1_000);
    values
      .keyBy(() => 1)
      .process(new Keeper(behaviour))
      .name('Keeper')
      .discard();
  }
  const last = behaviour === 'closeThrows' ? next.map(closer(how)).name('Closer') : next.map((x) => x);
  last.print();
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
  rejectLater: () => {
    void Promise.reject(new Error('nobody awaits this'));
    return 0;
  },
  closeThrows: (x) => x,
  huge: () => 'x'.repeat(10_000_000),
  stateFunction: (x) => x,
  stateInstance: (x) => x,
  stateCycle: (x) => x,
  function: () => ({ callback: () => {} }),
  badKey: () => Number.NaN,
};
