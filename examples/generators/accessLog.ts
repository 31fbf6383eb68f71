// The access log of a shop's services, twenty requests a second: each line comes up to four seconds after its time, one in five hundred is cut
// off, and every ten minutes one of the services has trouble for a minute and a half: errors and long answers.
import { pick, randomAt } from './random.ts';

export interface Request {
  /** ms since 1970. */
  readonly time: number;
  readonly service: string;
  readonly client: string;
  readonly request: string;
  readonly status: number;
  readonly latencyMs: number;
}

export const ACCESS_LOG_START = Date.UTC(2026, 0, 5, 9);
/** No line comes later than so long after its time. */
export const ACCESS_LOG_MAX_DELAY_MS = 4_000;
const INTERVAL_MS = 50;
const TROUBLE_EVERY_MS = 600_000;
const TROUBLE_FROM_MS = 180_000;
const TROUBLE_UNTIL_MS = 270_000;

const paths: Readonly<Record<string, readonly string[]>> = {
  catalogue: ['GET /items', 'GET /items/4711', 'GET /items?page=2', 'GET /categories'],
  checkout: ['GET /cart', 'POST /cart', 'POST /orders', 'GET /orders/88123'],
  payments: ['POST /authorisations', 'POST /captures', 'GET /methods'],
  search: ['GET /?q=boots', 'GET /?q=tent', 'GET /suggest?q=sl'],
};
const services = Object.keys(paths);

/** The n-th request of the log. */
export function requestAt(seed: number, index: number): Request {
  const random = randomAt(seed, index);
  const arrival = ACCESS_LOG_START + index * INTERVAL_MS;
  const time = arrival - Math.floor(random() ** 3 * (ACCESS_LOG_MAX_DELAY_MS + 1));
  const service = pick(services, random());
  const troubled = service === troubledAt(seed, time);
  const failed = random() < (troubled ? 0.25 : 0.004);
  return {
    time,
    service,
    client: `10.0.${Math.floor(random() * 4)}.${1 + Math.floor(random() * 250)}`,
    request: `${pick(paths[service]!, random())} HTTP/1.1`,
    status: failed ? pick([500, 502, 503, 504], random()) : pick([200, 200, 200, 200, 201, 304, 404], random()),
    latencyMs: Math.ceil(20 * Math.exp(2.2 * random() ** 2) * (troubled ? 8 : 1)),
  };
}

/** The n-th line of the log. */
export function accessLogLine(seed: number, index: number): string {
  const { time, service, client, request, status, latencyMs } = requestAt(seed, index);
  const line = `${new Date(time).toISOString()} ${service} ${client} "${request}" ${status} ${latencyMs}ms`;
  return isCutOff(seed, index) ? line.slice(0, line.length / 2) : line;
}

export function isCutOff(seed: number, index: number): boolean {
  return randomAt(seed + 1, index)() < 0.002;
}

function troubledAt(seed: number, time: number): string | null {
  const elapsed = time - ACCESS_LOG_START;
  const round = Math.floor(elapsed / TROUBLE_EVERY_MS);
  const within = elapsed - round * TROUBLE_EVERY_MS;
  if (within < TROUBLE_FROM_MS || within >= TROUBLE_UNTIL_MS) return null;
  return pick(services, randomAt(seed + 2, round)());
}
