// The figures that have an aim, as a Markdown table for docs/performance.md: what was measured, the aim, and whether it was met.
import type { Figure } from './bench.ts';

interface Judged extends Figure {
  readonly bench: string;
}

/** Where more is better; of everything else less is. */
const MORE_IS_BETTER = /^(events|words|records)\/s$|^ratio$/;

/** Null where no figure has an aim. */
export function tableOf(figures: readonly Judged[]): string | null {
  const rows = figures.flatMap(({ bench, metric, value, unit, settings = {} }) => {
    const { aim, min, max } = settings;
    if (typeof aim !== 'number' || value === null) return [];
    const met = MORE_IS_BETTER.test(unit) ? value >= aim : value <= aim;
    const range = typeof min === 'number' && typeof max === 'number' ? ` (${shown(min)}–${shown(max)})` : '';
    const what =
      typeof settings.journal === 'string' && !metric.startsWith(settings.journal)
        ? `${metric}, ${settings.journal}`
        : metric;
    return [
      `| ${bench} | ${what} | ${shown(aim)} ${unit} | ${shown(value)} ${unit}${range} | ${met ? 'ok' : '**missed**'} |`,
    ];
  });
  if (rows.length === 0) return null;
  return ['| bench | figure | aim | measured | |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function shown(value: number): string {
  return Math.abs(value) >= 10_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
