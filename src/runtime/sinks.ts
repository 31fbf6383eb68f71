// The sinks: print, which hands its lines to whoever collects results, and writeAsText, which writes a file afresh for each attempt.
import fs from 'node:fs/promises';
import path from 'node:path';
import type { ResultBatch } from '../core/schema.gen.ts';
import { inOperator, TaskError } from './errors.ts';
import { formatRecord } from './formatRecord.ts';
import { type LineOutput, LineSink } from './lineSink.ts';
import type { ChainNode } from './operatorSpec.ts';
import type { SinkSpec } from './operators.ts';
import type { Collect, TaskContext, TaskOutput } from './taskContext.ts';

export interface Sink {
  readonly collect: Collect;
  /** Null where nothing is buffered. */
  readonly output: TaskOutput | null;
}

/** Takes print's lines; resolves when they are safe. */
export type ResultHandler = (batch: ResultBatch) => Promise<void>;

export function createSink(node: ChainNode, spec: SinkSpec, context: TaskContext, onResults: ResultHandler): Sink {
  const { name, uid } = node;
  switch (spec.type) {
    case 'discardSink':
      return { collect: () => context.countOut(1), output: null };
    case 'printSink':
      return lines(name, printPrefix(spec.prefix, context), new PrintOutput(uid, context, onResults), context);
    case 'textFileSink':
      return lines(name, '', new FileOutput(name, spec.path, context), context);
    default:
      return spec satisfies never;
  }
}

function lines(operator: string, prefix: string, output: LineOutput, context: TaskContext): Sink {
  const sink = new LineSink(output, context);
  return {
    output: sink,
    collect: (value) => {
      let text: string;
      try {
        text = formatRecord(value);
      } catch (error) {
        // A toString or toJSON of the user's own.
        throw inOperator(operator, error);
      }
      sink.line(prefix + text);
    },
  };
}

/** As Flink: `prefix:N> ` with N = subtask + 1, of which either part may be missing. */
function printPrefix(prefix: string | null, { subtask, parallelism }: TaskContext): string {
  const parts = [...(prefix ? [prefix] : []), ...(parallelism > 1 ? [String(subtask + 1)] : [])];
  return parts.length > 0 ? `${parts.join(':')}> ` : '';
}

class PrintOutput implements LineOutput {
  readonly #uid: string;
  readonly #context: TaskContext;
  readonly #onResults: ResultHandler;

  constructor(uid: string, context: TaskContext, onResults: ResultHandler) {
    this.#uid = uid;
    this.#context = context;
    this.#onResults = onResults;
  }

  async open(): Promise<void> {}

  write(lines: readonly string[]): Promise<void> {
    const { jobId, vertex, subtask, attempt } = this.#context;
    return this.#onResults({ type: 'ResultBatch', jobId, vertex, subtask, attempt, uid: this.#uid, lines });
  }

  async close(): Promise<void> {}
}

class FileOutput implements LineOutput {
  readonly #operator: string;
  readonly #file: string;
  #handle: fs.FileHandle | null = null;

  constructor(operator: string, target: string, { subtask, parallelism }: TaskContext) {
    this.#operator = operator;
    this.#file = parallelism > 1 ? path.join(target, String(subtask + 1)) : target;
  }

  async open(): Promise<void> {
    try {
      await fs.mkdir(path.dirname(this.#file), { recursive: true });
      this.#handle = await fs.open(this.#file, 'w');
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async write(lines: readonly string[]): Promise<void> {
    try {
      await this.#handle!.appendFile(`${lines.join('\n')}\n`);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  #failure(error: unknown): TaskError {
    return new TaskError(
      'IO_FAILED',
      `Sink '${this.#operator}' cannot write ${this.#file}: ${(error as Error).message}. Choose a path that its TaskManager may write to.`,
      { cause: error },
    );
  }
}
