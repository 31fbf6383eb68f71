// What the example of a batch should load, report and reject, computed from the generator's orders, customers and flaws.
import { expect } from 'vitest';
import type { Rejected, Sale } from '../../examples/etl.ts';
import { customerAt, exportedAt, orderAt, orderLine } from '../../examples/generators/orders.ts';
import { linesOf } from '../e2e/output.ts';
import { recordsOf, sorted } from './results.ts';

/** Gives how many lines were exported twice. */
export function expectEtl(folder: string, seed: number, count: number): number {
  const lines = Array.from({ length: count }, (_, index) => ({
    ...exportedAt(seed, index),
    line: orderLine(seed, index),
  }));
  const once = [...new Map(lines.map((exported) => [exported.number, exported])).values()];

  const sales = once
    .filter(({ flaw }) => flaw === 'none')
    .map(({ number }): Sale => {
      const { id, time, customer, category, quantity, price } = orderAt(seed, number);
      const { country } = customerAt(seed, Number(customer.slice(2)));
      const date = new Date(time);
      const month = `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
      return { order: id, month, country, category, amount: quantity * price };
    });
  expect(recordsOf<Sale>(folder, 'orders.jsonl')).toEqual(sorted(sales));

  const totals = new Map<string, { orders: number; cents: number }>();
  for (const { month, country, category, amount } of sales) {
    const group = `${month},${country},${category}`;
    const { orders, cents } = totals.get(group) ?? { orders: 0, cents: 0 };
    totals.set(group, { orders: orders + 1, cents: cents + amount });
  }
  const report = [...totals].map(([group, { orders, cents }]) => {
    const digits = String(cents);
    return `${group},${orders},${digits.slice(0, -2)}.${digits.slice(-2)}`;
  });
  expect(linesOf(`${folder}/report.csv`).sort()).toEqual(report.sort());

  // What is no order has no id to be known by: such lines are rejected as often as they come. Orders of unknown customers are orders.
  const malformed = lines.filter(({ flaw }) => flaw === 'cut off').map(({ line }) => ['malformed', line]);
  const quantity = lines.filter(({ flaw }) => flaw === 'quantity').map(({ line }) => ['bad quantity', line]);
  const unknown = once
    .filter(({ flaw }) => flaw === 'unknown customer')
    .map(({ number }) => ['unknown customer', orderAt(seed, number).id]);
  const rejected = recordsOf<Rejected>(folder, 'rejected.jsonl').map(({ reason, record }) => [
    reason,
    reason === 'unknown customer' ? (JSON.parse(record) as { id: string }).id : record,
  ]);
  expect(sorted(rejected)).toEqual(sorted([...malformed, ...quantity, ...unknown]));
  return lines.length - once.length;
}
