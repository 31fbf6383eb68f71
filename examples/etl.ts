// Extract, transform, load, as a batch: reads a shop's export of orders and customers, drops what was exported twice, sets aside with its reason what is
// wrong, joins orders with their customers, and adds up the sales of each month, country and category, once, at the end of the input.
//
//   etl.ts [--input FOLDER] [--count ORDERS] [--seed N] [--output FOLDER]
//
// FOLDER of --input has the folder `orders` of CSV files and `customers.csv` (examples/generate.ts makes them); without it the lines are generated.
// Without --output the report is printed; with it, FOLDER gets orders.jsonl (what was loaded), report.csv and rejected.jsonl.
import {
  type KeyedCoProcessFunction,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  type OnTimerContext,
  OutputTag,
  type RuntimeContext,
  StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';
import { settingsOf } from './arguments.ts';
import { CUSTOMERS, type Customer, customerLine, type Order, orderLine } from './generators/orders.ts';

export interface Rejected {
  readonly reason: 'malformed' | 'bad quantity' | 'unknown customer';
  readonly record: string;
}

/** An order as it is loaded. Amounts are in cents. */
export interface Sale {
  readonly order: string;
  readonly month: string;
  readonly country: string;
  readonly category: string;
  readonly amount: number;
}

interface Total {
  readonly month: string;
  readonly country: string;
  readonly category: string;
  readonly orders: number;
  readonly amount: number;
}

const rejected = new OutputTag<Rejected>('rejected');
/** A field in quotes, in which quotes are doubled, or one without. */
const FIELD = /(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g;

function fieldsOf(line: string): string[] {
  return [...line.matchAll(FIELD)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

/** The order, or why it is none. */
function parseOrder(line: string): Order | Rejected['reason'] {
  const [id, time, customer, item, category, quantity, price] = fieldsOf(line);
  if (!id || !time || !customer || !item || !category || quantity === undefined || !price) return 'malformed';
  const order = { id, time: Date.parse(time), customer, item, category, price: Math.round(100 * Number(price)) };
  if (Number.isNaN(order.time) || Number.isNaN(order.price)) return 'malformed';
  return /^[1-9]\d*$/.test(quantity) ? { ...order, quantity: Number(quantity) } : 'bad quantity';
}

/** Lets the first order of each id through. */
class Deduplicate implements KeyedProcessFunction<string, Order, Order> {
  #seen!: ValueState<boolean>;

  open(context: RuntimeContext): void {
    this.#seen = context.getState(new ValueStateDescriptor<boolean>('seen', { defaultValue: false }));
  }

  processElement(order: Order, _: KeyedProcessContext<string>, out: (order: Order) => void): void {
    if (this.#seen.value()) return;
    this.#seen.update(true);
    out(order);
  }
}

/** Orders and customers come in any order: orders wait for their customer, and those for whom none has come by the end are rejected. */
class WithCustomer implements KeyedCoProcessFunction<string, Order, Customer, Sale> {
  #customer!: ValueState<Customer>;
  #waiting!: ListState<Order>;

  open(context: RuntimeContext): void {
    this.#customer = context.getState(new ValueStateDescriptor<Customer>('customer'));
    this.#waiting = context.getListState(new ListStateDescriptor<Order>('waiting'));
  }

  processElement1(order: Order, context: KeyedProcessContext<string>, out: (sale: Sale) => void): void {
    const customer = this.#customer.value();
    if (customer !== undefined) {
      out(saleOf(order, customer));
      return;
    }
    this.#waiting.add(order);
    context.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
  }

  processElement2(customer: Customer, _: KeyedProcessContext<string>, out: (sale: Sale) => void): void {
    this.#customer.update(customer);
    for (const order of this.#waiting.get()) out(saleOf(order, customer));
    this.#waiting.clear();
  }

  onTimer(_: number, context: OnTimerContext<string>): void {
    for (const order of this.#waiting.get())
      context.output(rejected, { reason: 'unknown customer', record: JSON.stringify(order) });
    this.#waiting.clear();
  }
}

function saleOf({ id, time, category, quantity, price }: Order, { country }: Customer): Sale {
  const month = new Date(time).toISOString().slice(0, 7);
  return { order: id, month, country, category, amount: quantity * price };
}

export default async function main(args: string[]): Promise<void> {
  const { count, rate, seed, output, own } = settingsOf(args, { count: 50_000 }, { input: { type: 'string' } });
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setRuntimeMode('BATCH');
  env.enableCheckpointing(1_000);

  const orderLines =
    own.input === undefined
      ? env.fromSequence(0, count - 1, { recordsPerSecond: rate }).map((index) => orderLine(seed, index))
      : env.readTextFile(`${own.input}/orders`, { recordsPerSecond: rate });
  const customerLines =
    own.input === undefined
      ? env.fromSequence(0, CUSTOMERS - 1).map((index) => customerLine(seed, index))
      : env.readTextFile(`${own.input}/customers.csv`);

  const customers = customerLines
    .map((line): Customer => {
      const [id = '', name = '', country = ''] = fieldsOf(line);
      return { id, name, country };
    })
    .name('Customers');

  const orders = orderLines
    .process<Order>((line, context, out) => {
      const order = parseOrder(line);
      if (typeof order === 'string') context.output(rejected, { reason: order, record: line });
      else out(order);
    })
    .name('Orders');

  const sales = orders
    .keyBy(({ id }) => id)
    .process(Deduplicate)
    .name('Deduplicate')
    .connect(customers)
    .keyBy(
      (order) => order.customer,
      (customer) => customer.id,
    )
    .process<Sale>(WithCustomer)
    .name('With customer');

  const report = sales
    .map(({ month, country, category, amount }): Total => ({ month, country, category, orders: 1, amount }))
    .keyBy(({ month, country, category }) => [month, country, category])
    .reduce(({ month, country, category, orders, amount }, next) => {
      return { month, country, category, orders: orders + next.orders, amount: amount + next.amount };
    })
    .name('Report')
    .map(
      ({ month, country, category, orders, amount }) =>
        `${month},${country},${category},${orders},${(amount / 100).toFixed(2)}`,
    );
  const rejects = orders.getSideOutput(rejected).union(sales.getSideOutput(rejected));

  if (output === undefined) {
    report.print().setParallelism(1);
    rejects
      .map(({ reason, record }) => `rejected (${reason}): ${record}`)
      .print()
      .setParallelism(1);
  } else {
    sales
      .map((sale) => JSON.stringify(sale))
      .writeAsText(`${output}/orders.jsonl`)
      .setParallelism(1);
    report.writeAsText(`${output}/report.csv`).setParallelism(1);
    rejects
      .map((reject) => JSON.stringify(reject))
      .writeAsText(`${output}/rejected.jsonl`)
      .setParallelism(1);
  }
  await env.execute('ETL');
}
