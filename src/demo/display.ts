// What the demo shows: lines that stay, and on a terminal one status line below them that is drawn anew; without a terminal the status
// comes as a plain line now and then. Nothing is wider than 80 columns.

const WIDTH = 80;
const PLAIN_STATUS_INTERVAL_MS = 2_000;

export class Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedAtMs = performance.now();
  #status = '';
  #lastPlainStatusMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** A line with the time since the start before it; continued below where it is too long. */
  event(text: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1_000).toFixed(2).padStart(6);
    const [first, ...rest] = wrap(text, WIDTH - 10);
    this.line(`${seconds} s  ${first}`);
    for (const line of rest) this.line(`          ${line}`);
  }

  line(text = ''): void {
    this.#clearStatus();
    this.#stream.write(`${text}\n`);
    this.#drawStatus();
  }

  status(text: string): void {
    if (this.#stream.isTTY) {
      this.#clearStatus();
      this.#status = text.slice(0, WIDTH - 1);
      this.#drawStatus();
    } else if (performance.now() - this.#lastPlainStatusMs >= PLAIN_STATUS_INTERVAL_MS) {
      this.#lastPlainStatusMs = performance.now();
      this.event(text);
    }
  }

  /** Ends the status line. */
  end(): void {
    this.#clearStatus();
    this.#status = '';
  }

  #clearStatus(): void {
    if (this.#status !== '') this.#stream.write('\r\x1b[2K');
  }

  #drawStatus(): void {
    if (this.#status !== '') this.#stream.write(`\x1b[1m${this.#status}\x1b[0m`);
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
