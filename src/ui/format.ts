// Numbers as people read them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const MAGNITUDES = ['', ' k', ' M', ' G', ' T'];
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What stands where there is nothing to say. */
export const NOTHING = '–';

/** `85 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`; negative: nothing. */
export function duration(ms: number): string {
  if (!(ms >= 0)) return NOTHING;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND_MS) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return two(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  return ms < DAY_MS ? two(ms, HOUR_MS, 'h', MINUTE_MS, 'min') : two(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** `1.5 MiB`. */
export function bytes(value: number): string {
  if (!(value >= 0)) return NOTHING;
  const unit = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${short(value / 1024 ** unit, unit > 0)} ${UNITS[unit]}`;
}

/** `940`, `12.3 k`, `4.56 M`. */
export function count(value: number): string {
  if (!(value >= 0)) return NOTHING;
  const magnitude = value < 1_000 ? 0 : Math.min(MAGNITUDES.length - 1, Math.floor(Math.log10(value) / 3));
  return `${short(value / 1_000 ** magnitude, magnitude > 0)}${MAGNITUDES[magnitude]}`;
}

/** Three digits. */
function short(value: number, fractions: boolean): string {
  if (!fractions) return String(Math.round(value));
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `29 Nov 2026, 08:15:02` in the reader's language and zone; not positive: nothing. */
export function time(unixMs: number | null): string {
  if (unixMs === null || unixMs <= 0) return NOTHING;
  return new Date(unixMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `08:15:02`. */
export function timeOfDay(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString();
}

/** `1 slot`, `2 slots`. */
export function plural(number: number, noun: string): string {
  return `${number.toLocaleString()} ${noun}${number === 1 ? '' : 's'}`;
}
