// What a shop's systems export: orders and customers as CSV. One order in fifty is exported twice, and some are wrong: fields are missing, quantities are no
// numbers or below one, customers are unknown.
import { pick, pickPopular, randomAt } from './random.ts';

export interface Order {
  readonly id: string;
  /** ms since 1970. */
  readonly time: number;
  readonly customer: string;
  readonly item: string;
  readonly category: string;
  readonly quantity: number;
  /** Price of one, in cents. */
  readonly price: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly country: string;
}

export const CUSTOMERS = 2_000;
const FIRST_ORDER = Date.UTC(2026, 0, 1);
const INTERVAL_MS = 260_000;

const products = [
  ['Tent, two persons', 'camping', 18_900],
  ['Sleeping bag', 'camping', 9_950],
  ['Wool socks', 'clothing', 1_690],
  ['Rain jacket "Skua"', 'clothing', 12_900],
  ['Climbing rope, 60 m', 'climbing', 15_400],
  ['Harness', 'climbing', 6_900],
  ['Bicycle bag', 'cycling', 7_495],
] as const;
const countries = ['DE', 'FR', 'NL', 'ES', 'SE', 'PL'];
const firstNames = ['Ada', 'Bela', 'Chiara', 'Dirk', 'Elif', 'Femke', 'Goran', 'Hanna'];
const lastNames = ['Arslan', 'Berg', 'Costa', 'de Vries', 'Evers', 'Fontaine', 'Garcia', 'Holm'];

/** The n-th order that was placed. */
export function orderAt(seed: number, number: number): Order {
  const random = randomAt(seed, number);
  const [item, category, price] = pickPopular(products, random());
  return {
    id: `O-${100_000 + number}`,
    time: FIRST_ORDER + number * INTERVAL_MS,
    customer: `C-${Math.floor(random() ** 2 * CUSTOMERS)}`,
    item,
    category,
    quantity: 1 + Math.floor(random() ** 3 * 5),
    price,
  };
}

export type Flaw = 'none' | 'cut off' | 'quantity' | 'unknown customer';

/** Which order the n-th line of the export is of, and what is wrong with it. */
export function exportedAt(seed: number, index: number): { readonly number: number; readonly flaw: Flaw } {
  const random = randomAt(seed + 1, index);
  // Twice means: an order that stood in one of the lines before, as it was there.
  if (index > 0 && random() < 0.02) return exportedAt(seed, index - 1 - Math.floor(random() * Math.min(index, 40)));
  const chance = random();
  const flaw = chance < 0.004 ? 'cut off' : chance < 0.008 ? 'quantity' : chance < 0.012 ? 'unknown customer' : 'none';
  return { number: index, flaw };
}

/** The n-th line of the export. */
export function orderLine(seed: number, index: number): string {
  const { number, flaw } = exportedAt(seed, index);
  const { id, time, customer, item, category, quantity, price } = orderAt(seed, number);
  const fields = [
    id,
    new Date(time).toISOString(),
    flaw === 'unknown customer' ? `X-${number}` : customer,
    /[",]/.test(item) ? `"${item.replaceAll('"', '""')}"` : item,
    category,
    flaw === 'quantity' ? pick(['-1', '0', 'two', ''], randomAt(seed + 2, number)()) : String(quantity),
    (price / 100).toFixed(2),
  ];
  return (flaw === 'cut off' ? fields.slice(0, 4) : fields).join(',');
}

export function customerAt(seed: number, number: number): Customer {
  const random = randomAt(seed + 3, number);
  return {
    id: `C-${number}`,
    name: `${pick(firstNames, random())} ${pick(lastNames, random())}`,
    country: pickPopular(countries, random()),
  };
}

export function customerLine(seed: number, number: number): string {
  const { id, name, country } = customerAt(seed, number);
  return `${id},${name},${country}`;
}
