// Watches the files that a sink writes to and notes when each of them grows, to a few milliseconds, so that a pause of the output shows
// even where it is short. Looks instead of listening: file events come late or not at all on some systems.
import fs from 'node:fs';
import path from 'node:path';

const LOOK_INTERVAL_MS = 5;
const SAMPLE_BYTES = 65_536;

interface Watched {
  readonly file: string;
  size: number;
  /** performance.now() of each look that found it grown. */
  readonly grewAtMs: number[];
  /** When the look before that one was; the growth lies between the two. */
  readonly lookedBeforeMs: number[];
}

export class OutputWatch {
  readonly #folder: string;
  readonly #watched = new Map<string, Watched>();
  readonly #timer: NodeJS.Timeout;
  #lastLookMs = performance.now();

  constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
  }

  get files(): string[] {
    return [...this.#watched.values()].map(({ file }) => file);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return [...this.#watched.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Average so far, from the beginning of the first file. */
  get bytesPerLine(): number {
    const file = this.files[0];
    if (file === undefined) return 1;
    const handle = fs.openSync(file, 'r');
    try {
      const sample = Buffer.alloc(SAMPLE_BYTES);
      const bytes = fs.readSync(handle, sample, 0, SAMPLE_BYTES, 0);
      const lines = sample.toString('latin1', 0, bytes).split('\n').length - 1;
      return lines === 0 ? 1 : bytes / lines;
    } finally {
      fs.closeSync(handle);
    }
  }

  /** Pauses in the growth of each file that overlap the time from `fromMs` to `toMs`, longest first. */
  pauses(fromMs: number, toMs: number): number[] {
    const pauses: number[] = [];
    for (const { grewAtMs, lookedBeforeMs } of this.#watched.values()) {
      for (let index = 1; index < grewAtMs.length; index++) {
        const [begin, end] = [lookedBeforeMs[index - 1]!, grewAtMs[index]!];
        // From the last look before it had grown: a pause is never told shorter than it was.
        if (end > fromMs && grewAtMs[index - 1]! < toMs) pauses.push(end - begin);
      }
      const last = grewAtMs.at(-1);
      if (last !== undefined && last < toMs && this.#lastLookMs > toMs) pauses.push(toMs - last);
    }
    return pauses.sort((a, b) => b - a);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    const now = performance.now();
    for (const name of readFolder(this.#folder)) {
      if (this.#watched.has(name)) continue;
      this.#watched.set(name, { file: path.join(this.#folder, name), size: 0, grewAtMs: [], lookedBeforeMs: [] });
    }
    for (const watched of this.#watched.values()) {
      const size = fs.statSync(watched.file, { throwIfNoEntry: false })?.size ?? 0;
      if (size > watched.size) {
        watched.grewAtMs.push(now);
        watched.lookedBeforeMs.push(this.#lastLookMs);
      }
      watched.size = size;
    }
    this.#lastLookMs = now;
  }
}

function readFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
