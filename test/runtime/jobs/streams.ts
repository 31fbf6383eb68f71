// Many inputs over real exchanges: a union, connected keyed streams that share state, and every way to spread records.
import {
  AsyncDataStream,
  type KeyedCoProcessFunction,
  type RuntimeContext,
  StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';

/** Emits each order with the name that its customer has by then or gets later. */
class Named implements KeyedCoProcessFunction<number, [number, string], number, string> {
  #name!: ValueState<string>;
  #orders!: ValueState<number[]>;

  open(context: RuntimeContext): void {
    this.#name = context.getState(new ValueStateDescriptor<string>('name'));
    this.#orders = context.getState(new ValueStateDescriptor<number[]>('orders'));
  }

  processElement1([, name]: [number, string], _: unknown, out: (line: string) => void): void {
    this.#name.update(name);
    for (const order of this.#orders.value() ?? []) out(`${name} ${order}`);
    this.#orders.clear();
  }

  processElement2(order: number, _: unknown, out: (line: string) => void): void {
    const name = this.#name.value();
    if (name === undefined) this.#orders.update([...(this.#orders.value() ?? []), order]);
    else out(`${name} ${order}`);
  }
}

/** Answers out of order. */
async function later(n: number): Promise<number[]> {
  for (let turns = n % 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  return [n, -n];
}

export default async function main([records]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const numbers = env.fromSequence(0, Number(records) - 1);
  const names = env.fromData(['ann', 'bob', 'cid']).map((name) => [name.charCodeAt(0) - 97, name] as [number, string]);

  numbers
    .union(numbers.filter((n) => n % 2 === 0).rebalance(), env.fromData(1, 2, 3))
    .keyBy(() => 'all')
    .sum()
    .print('union');
  names
    .keyBy(0)
    .connect(numbers.keyBy((n) => n % 3))
    .process(Named)
    .print('named');

  const subtask = (n: number, place: { readonly indexOfThisSubtask: number }): string =>
    `${n}@${place.indexOfThisSubtask}`;
  class Where {
    #place!: RuntimeContext;
    open(context: RuntimeContext): void {
      this.#place = context;
    }
    map(n: number): string {
      return subtask(n, this.#place);
    }
  }
  numbers.broadcast().map(Where).print('broadcast');
  numbers.global().map(Where).print('global');
  numbers.rescale().map(Where).setParallelism(4).print('rescale').setParallelism(4);
  numbers.shuffle().map(Where).print('shuffle');
  numbers
    .partitionCustom(
      (key: number, count) => key % count,
      (n) => n * 3,
    )
    .map(Where)
    .print('custom');
  // A capacity far below what the exchanges hold: the tasks stop and go on all the time.
  AsyncDataStream.orderedWait(numbers, later, 60_000, 3).print('ordered');
  AsyncDataStream.unorderedWait(numbers.rebalance(), later, 60_000, 3).print('unordered');
  await env.execute('streams');
}
