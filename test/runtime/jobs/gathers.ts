// Keeps every record that it gets in keyed list state, far more than a small heap holds, and tells of each key, once all of its records are there,
// whether they are what was sent.
import {
  type Collector,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  type RuntimeContext,
  StreamExecutionEnvironment,
} from 'sluice';

const LENGTH = 200;

class Gather implements KeyedProcessFunction<number, [number, string], string> {
  readonly keys: number;
  readonly each: number;
  texts!: ListState<string>;

  constructor(keys: number, each: number) {
    this.keys = keys;
    this.each = each;
  }

  open(context: RuntimeContext): void {
    this.texts = context.getListState(new ListStateDescriptor<string>('texts'));
  }

  processElement([key, text]: [number, string], context: KeyedProcessContext<number>, out: Collector<string>): void {
    this.texts.add(text);
    const held = this.texts.get();
    if (held.length !== this.each) return;
    const right = held.every((one, index) => Number.parseInt(one, 10) === key + index * this.keys);
    out(`${key} ${held.length} ${right && context.getCurrentKey() === key}`);
  }
}

export default async function main([keys, records, backend]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  if (backend === 'lmdb') env.setStateBackend(backend);
  env
    .fromSequence(0, Number(records) - 1)
    .map((i): [number, string] => [i % Number(keys), String(i).padEnd(LENGTH, 'x')])
    .keyBy(([key]) => key)
    .process(new Gather(Number(keys), Number(records) / Number(keys)))
    .print();
  await env.execute('gathers');
}
