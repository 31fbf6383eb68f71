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
  close(): Promise<void>;
}

export class LineSink implements TaskOutput {
  readonly #output: LineOutput;
  readonly #context: TaskContext;
  #lines: string[] = [];
  #characters = 0;
  #writing = false;
  #blocked = false;
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

  flush(): void {
    if (this.#writing || this.#lines.length === 0 || this.#phase === 'closed') return;
    const lines = this.#lines;
    this.#lines = [];
    this.#characters = 0;
    this.#writing = true;
    this.#output.write(lines).then(
      () => this.#written(),
      (error: unknown) => this.#context.fail(error),
    );
    if (this.#blocked) {
      this.#blocked = false;
      this.#context.pressure.blocked--;
    }
  }

  finish(): boolean {
    if (this.#phase === 'open') this.#phase = 'finishing';
    if (this.#phase === 'finishing') {
      this.flush();
      if (!this.#writing) {
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

  waitingForPeer(): null {
    return null;
  }

  #written(): void {
    this.#writing = false;
    // What came meanwhile has waited as long as the write took; a full batch must not wait any longer.
    if (this.#blocked) this.flush();
    else if (this.#lines.length > 0) this.#context.sinkFlusher.add(this);
    this.#context.wake();
  }
}
