// The trades of an exchange, twenty a second in six symbols. Feeds take different ways: most ticks come within two seconds of their time, one in a
// hundred up to ten seconds late. Every seven minutes one of the symbols jumps by some three percent and slowly comes back.
import { pick, randomAt } from './random.ts';

export interface Tick {
  /** Of the exchange: a later trade has a higher one. */
  readonly id: number;
  readonly symbol: string;
  /** In cents: sums of whole numbers are the same in whichever order they are added. */
  readonly price: number;
  readonly size: number;
  /** ms since 1970. */
  readonly time: number;
}

export const TICKS_START = Date.UTC(2026, 0, 5, 14, 30);
/** No tick comes later than so long after its time. */
export const TICKS_MAX_DELAY_MS = 10_000;
const INTERVAL_MS = 50;
const JUMP_EVERY_MS = 420_000;
const FIRST_JUMP_MS = 200_000;

const symbols = ['ACME', 'BOLT', 'CRUX', 'DYNE', 'ECHO', 'FLUX'];

/** The n-th tick to arrive. */
export function tickAt(seed: number, index: number): Tick {
  const random = randomAt(seed, index);
  const delayMs = Math.floor(random() < 0.01 ? random() * TICKS_MAX_DELAY_MS : random() ** 2 * 2_000);
  const time = TICKS_START + index * INTERVAL_MS - delayMs;
  const symbol = pick(symbols, random());
  const noise = 1 + (random() - 0.5) / 500;
  return {
    // Unique, and in the order of time.
    id: (time - TICKS_START + TICKS_MAX_DELAY_MS) * 1_000 + (index % 1_000),
    symbol,
    price: Math.round(priceOf(seed, symbol, time) * noise),
    size: 1 + Math.floor(random() ** 4 * 500),
    time,
  };
}

/** Waves of four lengths, each symbol with its own, and the jumps. */
function priceOf(seed: number, symbol: string, time: number): number {
  const number = symbols.indexOf(symbol);
  const random = randomAt(seed + 1, number);
  const elapsedMs = time - TICKS_START;
  let level = 0;
  for (const [periodMs, height] of WAVES)
    level += height * Math.sin(((elapsedMs / periodMs) * (0.7 + 0.6 * random()) + random()) * 2 * Math.PI);
  const round = Math.floor((elapsedMs - FIRST_JUMP_MS) / JUMP_EVERY_MS);
  const sinceJumpMs = elapsedMs - FIRST_JUMP_MS - round * JUMP_EVERY_MS;
  const jump = randomAt(seed + 2, round);
  if (pick(symbols, jump()) === symbol) level += (jump() < 0.5 ? -0.03 : 0.03) * (1 - sinceJumpMs / JUMP_EVERY_MS);
  return 100 * (20 + 35 * number) * Math.exp(level);
}

/** Lengths in ms with the share of the price that they move. */
const WAVES = [
  [5_400_000, 0.02],
  [1_500_000, 0.01],
  [420_000, 0.004],
  [70_000, 0.0015],
] as const;
