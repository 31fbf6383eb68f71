// The buffer under every sink of lines (print, writeAsText): lines gather until there are enough or the flush interval is over, one write
// is under way at a time, and while one is, at most one more batch gathers before the task has to stop.
import type { TaskContext, TaskOutput } from './taskContext.ts';

const MAX_BATCH_LINES = 1_000;
const MAX_BATCH_CHARACTERS = 256 * 1024;

/** Where a sink's lines go. */
export interface LineOutput {
  open(): Promise<void>;
  /** Resolves when the lines are taken for good; the next call waits for that. */
  write(lines: readonly string[]): Promise<void>;
  /** Behind everything written: makes it safe, and says what to restore; null: nothing. */
  position(): Promise<unknown>;
  close(): Promise<void>;
}

interface Sealed {
  readonly lines: readonly string[];
  /** All of them are written. */
  readonly written: () => void;
}

export class LineSink implements TaskOutput {
  readonly #output: LineOutput;
  readonly #context: TaskContext;
  #lines: string[] = [];
  #characters = 0;
  #writing = false;
  #blocked = false;
  /** Lines that go before those that gather: each is what gathered up to a barrier. */
  readonly #sealed: Sealed[] = [];
  #phase: 'open' | 'finishing' | 'closing' | 'closed' = 'open';

  constructor(output: LineOutput, context: TaskContext) {
    this.#output = output;
    this.#context = context;
  }

  open(): Promise<void> {
    return this.#output.open();
  }

  line(text: string): void {
    if (this.#lines.push(text) === 1) this.#context.sinkFlusher.add(this);
    this.#characters += text.length;
    this.#context.countOut(1);
    if (this.#lines.length < MAX_BATCH_LINES && this.#characters < MAX_BATCH_CHARACTERS) return;
    this.flush();
    if (this.#writing && this.#lines.length > 0 && !this.#blocked) {
      this.#blocked = true;
      this.#context.pressure.blocked++;
    }
  }

  /** At a barrier. Resolves with the output's position behind the lines collected so far, once they are written. */
  snapshot(): Promise<unknown> {
    const position = new Promise<unknown>((resolve, reject) => {
      this.#sealed.push({
        lines: this.#lines,
        // At once: nothing may be written in between.
        written: () => this.#output.position().then(resolve, reject),
      });
    });
    this.#lines = [];
    this.#characters = 0;
    this.flush();
    return position;
  }

  flush(): void {
    if (this.#writing || this.#phase === 'closed') return;
    const sealed = this.#sealed.shift();
    if (sealed === undefined) this.#unblock();
    if (sealed === undefined && this.#lines.length === 0) return;
    const lines = sealed?.lines ?? this.#lines;
    if (sealed === undefined) {
      this.#lines = [];
      this.#characters = 0;
    }
    this.#writing = true;
    (lines.length === 0 ? Promise.resolve() : this.#output.write(lines)).then(
      () => {
        sealed?.written();
        this.#written();
      },
      (error: unknown) => this.#context.fail(error),
    );
  }

  finish(): boolean {
    if (this.#phase === 'open') this.#phase = 'finishing';
    if (this.#phase === 'finishing') {
      this.flush();
      if (!this.#writing && this.#sealed.length === 0) {
        this.#phase = 'closing';
        this.#output.close().then(
          () => {
            this.#phase = 'closed';
            this.#context.wake();
          },
          (error: unknown) => this.#context.fail(error),
        );
      }
    }
    return this.#phase === 'closed';
  }

  async abort(): Promise<void> {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#lines = [];
    await this.#output.close();
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#context.pressure.blocked--;
  }

  #written(): void {
    this.#writing = false;
    // What came meanwhile has waited as long as the write took; a full batch must not wait any longer.
    if (this.#blocked || this.#sealed.length > 0) this.flush();
    else if (this.#lines.length > 0) this.#context.sinkFlusher.add(this);
    this.#context.wake();
  }
}
