// The arguments that the examples have in common: how much their generators make, how fast, from which seed, and where results go.
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface Settings {
  /** How many records the generator makes. */
  readonly count: number;
  /** Records a second; undefined: as fast as they are taken. */
  readonly rate: number | undefined;
  /** The same seed gives the same records, in every run and at every parallelism. */
  readonly seed: number;
  /** A folder for the results, as lines of JSON; undefined: they are printed. */
  readonly output: string | undefined;
}

const common = {
  count: { type: 'string' },
  rate: { type: 'string' },
  seed: { type: 'string' },
  output: { type: 'string' },
} as const;

type Own = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Own> = { readonly [N in keyof O]?: O[N]['type'] extends 'boolean' ? boolean : string };

/** `own`: the options that only this example has. Throws where there are others, or one that should be a number is none. */
export function settingsOf<O extends Own>(
  args: string[],
  defaults: { readonly count: number },
  own: O,
): Settings & { readonly own: Values<O> } {
  const { values } = parseArgs({ args, options: { ...own, ...common } });
  const { count, rate, seed, output } = values as Readonly<Record<keyof typeof common, string | undefined>>;
  return {
    count: numberOf('count', count, 1) ?? defaults.count,
    rate: numberOf('rate', rate, 0.001),
    seed: numberOf('seed', seed, 0) ?? 1,
    output,
    own: values as Values<O>,
  };
}

export function numberOf(name: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min)
    throw new Error(`--${name} takes a number of at least ${min}, not '${text}'.`);
  return value;
}
