// Folders by time, in UTC: of the record where it has one, else of the clock.

/** `2026-01-31` */
export function byDay(_: unknown, timestamp: number | null): string {
  return new Date(timestamp ?? Date.now()).toISOString().slice(0, 10);
}

/** `2026-01-31--09`, as Flink's buckets are named. */
export function byHour(_: unknown, timestamp: number | null): string {
  return new Date(timestamp ?? Date.now()).toISOString().slice(0, 13).replace('T', '--');
}
