// Writes the data of the examples to standard output, a record a line: to files that they read, or through a client of Kafka into a topic.
//
//   generate.ts access-log|ticks|looks|orders|customers [--count N] [--rate RECORDS_PER_SECOND] [--seed N]
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { settingsOf } from './arguments.ts';
import { accessLogLine } from './generators/accessLog.ts';
import { CUSTOMERS, customerLine, orderLine } from './generators/orders.ts';
import { tickAt } from './generators/ticks.ts';
import { lookAt } from './generators/visits.ts';

const generators: Readonly<Record<string, (seed: number, index: number) => string>> = {
  'access-log': accessLogLine,
  ticks: (seed, index) => JSON.stringify(tickAt(seed, index)),
  looks: (seed, index) => JSON.stringify(lookAt(seed, index)),
  orders: orderLine,
  customers: customerLine,
};
/** So often a second lines are written where there is a rate. */
const TURNS_PER_SECOND = 20;
const LINES_A_TURN = 1_000;

const [what = '', ...args] = process.argv.slice(2);
const line = generators[what];
if (line === undefined) {
  console.error(`generate.ts makes one of ${Object.keys(generators).join(', ')}, not '${what}'.`);
  process.exit(2);
}
const { count, rate, seed } = settingsOf(args, { count: what === 'customers' ? CUSTOMERS : 20_000 }, {});
const started = performance.now();
for (let written = 0; written < count; ) {
  const due = rate === undefined ? count : Math.floor((rate * (performance.now() - started)) / 1_000) + 1;
  const end = Math.min(count, due, written + LINES_A_TURN);
  let text = '';
  for (; written < end; written++) text += `${line(seed, written)}\n`;
  if (text === '') await setTimeout(1_000 / TURNS_PER_SECOND);
  else if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
