// What the visitors of a shop for outdoor people look at: sixty visits at a time, each a few items of mostly one kind, a look each minute or so. Looks
// come up to twenty seconds after their time, and visitors come back. One look in a hundred is that of a crawler, which never rests.
import { pick, pickPopular, randomAt } from './random.ts';

export interface Look {
  readonly visitor: string;
  readonly item: string;
  /** ms since 1970. */
  readonly time: number;
}

export const VISITS_START = Date.UTC(2026, 0, 5, 18);
/** No look comes later than so long after its time. */
export const VISITS_MAX_DELAY_MS = 20_000;
const INTERVAL_MS = 1_000;
const VISITS_AT_A_TIME = 60;
const LONGEST_VISIT = 8;
const VISITORS = 5_000;

const catalogue: readonly (readonly string[])[] = [
  ['tent', 'sleeping bag', 'sleeping mat', 'stove', 'gas cartridge', 'lantern', 'pillow'],
  ['climbing rope', 'harness', 'carabiner', 'climbing shoes', 'chalk bag', 'helmet'],
  ['rain jacket', 'fleece', 'hiking trousers', 'hiking boots', 'wool socks', 'cap', 'gloves'],
  ['kayak', 'paddle', 'dry bag', 'life jacket', 'neoprene shoes'],
  ['bicycle bag', 'bicycle pump', 'inner tube', 'repair kit', 'bicycle light', 'helmet'],
];

/** The n-th look to arrive. */
export function lookAt(seed: number, index: number): Look {
  const random = randomAt(seed, index);
  const place = index % VISITS_AT_A_TIME;
  const turn = Math.floor(index / VISITS_AT_A_TIME);
  // The visits at one place follow each other; each begins somewhere within its turns, so that they are of different lengths.
  const visit = Math.floor((turn + place) / LONGEST_VISIT) * VISITS_AT_A_TIME + place;
  const ofVisit = randomAt(seed + 1, visit);
  const visitor = `visitor-${Math.floor(ofVisit() * VISITORS)}`;
  const kind = pick(catalogue, random() < 0.9 ? ofVisit() : random());
  const item = pickPopular(kind, random());
  const time = VISITS_START + index * INTERVAL_MS - Math.floor(random() ** 2 * (VISITS_MAX_DELAY_MS + 1));
  return random() < 0.01
    ? { visitor: 'crawler', item: pick(catalogue.flat(), random()), time }
    : { visitor, item, time };
}
