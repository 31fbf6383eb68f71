// What a bench is given and what it hands back: figures, one JSON line each on standard output; everything for people goes to standard
// error. Whatever a bench starts or writes is registered here, so that it is gone afterwards however the run ends.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { provideKafka } from '../src/wiring.ts';
import { rounded, spread } from './stats.ts';

export interface Figure {
  readonly metric: string;
  readonly value: number | null;
  readonly unit: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Bench {
  readonly name: string;
  /** What it measures, in a line. */
  readonly about: string;
  /** Runs only where it is named: it fetches what the machine does not have. */
  readonly optional?: true;
  run(context: BenchContext): Promise<void>;
}

export interface Broker {
  readonly brokers: readonly string[];
}

export const DEFAULT_MINUTES = 10;

export class BenchContext {
  readonly bench: string;
  /** Sizes are multiplied by it, for a quick look. */
  readonly scale: number;
  /** How long what has no end of its own goes on. */
  readonly minutes: number;
  /** What it reported. */
  readonly figures: (Figure & { readonly bench: string })[] = [];
  readonly #cleanups: (() => unknown)[] = [];
  #broker: Promise<Broker | null> | null = null;

  constructor(bench: string, scale: number, minutes = DEFAULT_MINUTES) {
    this.bench = bench;
    this.scale = scale;
    this.minutes = minutes;
  }

  report({ metric, value, unit, settings = {} }: Figure): void {
    const line = { bench: this.bench, metric, value: value === null ? null : rounded(value), unit, settings };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    this.figures.push(line);
  }

  /** The median of several runs, with the extremes in its settings. Returns the median. */
  reportRuns(metric: string, values: readonly number[], unit: string, settings: Figure['settings'] = {}): number {
    const { median, min, max } = spread(values);
    this.report({
      metric,
      value: median,
      unit,
      settings: { ...settings, runs: values.length, min: rounded(min), max: rounded(max) },
    });
    return median;
  }

  progress(text: string): void {
    process.stderr.write(`${this.bench}: ${text}\n`);
  }

  /** At least one. */
  scaled(size: number): number {
    return Math.max(1, Math.round(size * this.scale));
  }

  /** Runs at the end, last in first out. */
  onEnd(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  tempDir(name: string): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), `sluice-bench-${name}-`));
    this.onEnd(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  /** The broker that KAFKA_BROKERS names, else one of this machine's own. Null, and a line that says so, where there is none. */
  kafka(): Promise<Broker | null> {
    this.#broker ??= this.#startKafka();
    return this.#broker;
  }

  async #startKafka(): Promise<Broker | null> {
    try {
      const broker = await provideKafka();
      this.onEnd(() => broker.stop());
      return broker;
    } catch (error) {
      this.report({ metric: 'skipped: kafka', value: null, unit: '', settings: { reason: String(error) } });
      return null;
    }
  }

  async end(): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      try {
        await cleanup();
      } catch (error) {
        this.progress(`could not put everything away: ${String(error)}`);
      }
    }
  }
}
