// The sinks: print, which hands its lines to whoever collects results, and writeAsText, which writes files. The
// state of a sink is where it stood at the barrier; print has none, but what it has taken is handed over before its task's state counts.
import type { ResultBatch } from '../core/schema.gen.ts';
import { encodeRow } from './collectedRow.ts';
import { WriterSink } from './connectors/writerSink.ts';
import { inOperator } from './errors.ts';
import { FileOutput } from './fileOutput.ts';
import { formatRecord } from './formatRecord.ts';
import { type LineOutput, LineSink } from './lineSink.ts';
import type { ChainNode, SinkSpec } from './operatorSpec.ts';
import type { OperatorState } from './operatorState.ts';
import type { Collect, TaskContext, TaskOutput } from './taskContext.ts';

export interface Sink {
  readonly collect: Collect;
  /** Null where nothing is buffered. */
  readonly output: TaskOutput | null;
  readonly state: OperatorState | null;
  /** The job will not go back behind the checkpoint. */
  readonly checkpointCompleted?: (checkpointId: number) => void;
}

/** Takes print's lines; resolves when they are safe. */
export type ResultHandler = (batch: ResultBatch) => Promise<void>;

export function createSink(node: ChainNode, spec: SinkSpec, context: TaskContext, onResults: ResultHandler): Sink {
  const { name, uid } = node;
  switch (spec.type) {
    case 'discardSink':
      return { collect: () => context.countOut(1), output: null, state: null };
    case 'printSink': {
      const prefix = printPrefix(spec.prefix, context);
      const format = (value: unknown): string => prefix + cut(formatRecord(value));
      return lines(node, format, new PrintOutput(uid, context, onResults), context);
    }
    case 'collectSink':
      return lines(node, encodeRow, new PrintOutput(uid, context, onResults), context);
    case 'textFileSink':
      return lines(node, formatRecord, new FileOutput(name, spec.path, context), context);
    case 'writerSink': {
      const sink = new WriterSink(node, spec, context);
      return {
        collect: sink.collect,
        output: sink,
        state: sink.state,
        checkpointCompleted: (checkpointId) => sink.checkpointCompleted(checkpointId),
      };
    }
    default:
      return spec satisfies never;
  }
}

function lines(
  { uid, name: operator }: ChainNode,
  format: (value: unknown) => string,
  output: PrintOutput | FileOutput,
  context: TaskContext,
): Sink {
  const sink = new LineSink(output, context);
  return {
    output: sink,
    state: {
      kind: 'value',
      uid,
      operator,
      snapshot: () => sink.snapshot(),
      restore: (positions) => output.restore(positions),
    },
    collect: (value) => {
      let text: string;
      try {
        text = format(value);
      } catch (error) {
        // A toString or toJSON of the user's own.
        throw inOperator(operator, error);
      }
      sink.line(text);
    },
  };
}

/** What is printed is for people, and travels through the journal. */
const MAX_PRINTED_LENGTH = 1_000_000;

function cut(text: string): string {
  return text.length <= MAX_PRINTED_LENGTH
    ? text
    : `${text.slice(0, MAX_PRINTED_LENGTH)}… (${text.length} characters, of which ${MAX_PRINTED_LENGTH} are printed)`;
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

  async position(): Promise<null> {
    return null;
  }

  restore(): void {}

  async close(): Promise<void> {}
}
