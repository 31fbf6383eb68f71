// The operator behind AsyncDataStream: asks the user's function for each record without waiting for the answer, with at most `capacity` records on
// their way, beyond which the task stops. Answers are emitted in the task's own turns, in order or as they come, but never past a
// watermark. Records on their way are the operator's state: after a restore they are asked for again.
import type { AsyncFunction, AsyncRetryStrategy } from './asyncFunctions.ts';
import { type AsyncEntry, AsyncQueue } from './asyncQueue.ts';
import { inOperator, TaskError } from './errors.ts';
import type { OperatorFactory, OperatorInput, Output } from './operator.ts';
import type { FactoriesOf } from './operatorSpec.ts';
import { ACTIVE, IDLE, NO_TIMESTAMP } from './streamTime.ts';
import type { TaskContext } from './taskContext.ts';
import { type FunctionProvider, instanceOf, lifecycleOf, runtimeContext } from './userFunction.ts';

type AnyAsync = AsyncFunction<unknown, unknown>;

export interface AsyncSpec {
  readonly type: 'asyncWait';
  readonly ordered: boolean;
  /** For all attempts of a record. */
  readonly timeoutMs: number;
  readonly capacity: number;
  readonly retry: AsyncRetryStrategy<unknown> | null;
  readonly fn: FunctionProvider<AnyAsync> | AnyAsync['asyncInvoke'];
}

/** As it lies in a checkpoint: the record and its timestamp, null where it has none. */
type Stored = readonly [value: unknown, timestamp: number | null];

const asyncWait: OperatorFactory<AsyncSpec> = (node, spec, output, runtime) => {
  const { context } = runtime;
  const fn = instanceOf<AnyAsync>(spec.fn, 'asyncInvoke', node.name);
  const operator = new AsyncWait(node.name, fn, spec, output, context);
  let restored: readonly Stored[] = [];
  runtime.keep({
    kind: 'value',
    // The function may have state of its own under the operator's uid.
    uid: `${node.uid}.async`,
    operator: node.name,
    snapshot: () => operator.stored(),
    restore: (parts, own) => {
      const all = (parts as readonly (readonly Stored[])[]).flat();
      restored = own ? all : all.filter((_, index) => index % context.parallelism === context.subtask);
    },
  });
  const lifecycle = lifecycleOf(fn, node, runtime, runtimeContext(node.name, runtime));
  return {
    inputs: [operator.input],
    open: async () => {
      await lifecycle.open?.();
      for (const [value, timestamp] of restored) operator.ask(value, timestamp ?? NO_TIMESTAMP);
      restored = [];
    },
    endOfInput: () => operator.endOfInput(),
    close: () => {
      operator.close();
      return lifecycle.close?.();
    },
  };
};

export const asyncOperators: FactoriesOf<AsyncSpec> = { asyncWait };

class AsyncWait {
  readonly input: OperatorInput;
  readonly #operator: string;
  readonly #fn: AnyAsync;
  readonly #spec: AsyncSpec;
  readonly #output: Output;
  readonly #context: TaskContext;
  readonly #queue: AsyncQueue;
  /** The last of the queue, beyond the capacity: what one record expanded to before, or more that was restored. */
  readonly #unasked: AsyncEntry[] = [];
  /** Of time-outs and pauses before another attempt. */
  readonly #delays = new Set<NodeJS.Timeout>();
  #blocked = false;
  #turnAsked = false;
  #phase: 'open' | 'ending' | 'closed' = 'open';

  constructor(operator: string, fn: AnyAsync, spec: AsyncSpec, output: Output, context: TaskContext) {
    this.#operator = operator;
    this.#fn = fn;
    this.#spec = spec;
    this.#output = output;
    this.#context = context;
    this.#queue = new AsyncQueue(spec.ordered);
    this.input = {
      collect: (value) => this.ask(value, context.time.timestamp),
      watermark: (timestamp) => this.#mark(() => this.#queue.mark({ kind: 'watermark', timestamp })),
      status: (idle) => this.#mark(() => this.#queue.mark(idle ? IDLE : ACTIVE)),
    };
  }

  ask(value: unknown, timestamp: number): void {
    const entry: AsyncEntry = { value, timestamp, results: null };
    this.#queue.add(entry);
    this.#unasked.push(entry);
    if (this.#queue.size >= this.#spec.capacity) this.#block();
    this.#askNext();
  }

  #askNext(): void {
    while (this.#queue.size - this.#unasked.length < this.#spec.capacity) {
      const entry = this.#unasked.shift();
      if (entry === undefined) return;
      this.#start(entry);
    }
  }

  #start(entry: AsyncEntry): void {
    const limit = this.#later(this.#spec.timeoutMs, () => this.#timedOut(entry));
    this.#attempt(entry, 1, () => this.#cancel(limit));
  }

  /** Null: there is nothing. */
  stored(): readonly Stored[] | null {
    if (this.#queue.size === 0) return null;
    return [...this.#queue.entries()].map(({ value, timestamp }) => [
      value,
      Number.isNaN(timestamp) ? null : timestamp,
    ]);
  }

  /** The rest is waited for before anything further on ends. */
  endOfInput(): void {
    this.#phase = 'ending';
    this.#unblock();
    const goOn = (): boolean => {
      this.#emit();
      return this.#queue.empty;
    };
    if (!goOn()) this.#context.suspend(goOn);
  }

  close(): void {
    this.#phase = 'closed';
    this.#unasked.length = 0;
    for (const delay of this.#delays) clearTimeout(delay);
    this.#delays.clear();
  }

  #mark(add: () => void): void {
    add();
    this.#emit();
    // There was no room for all that could go on.
    if (this.#queue.ready) this.#askForTurn();
  }

  #attempt(entry: AsyncEntry, attempt: number, answered: () => void): void {
    const { retry } = this.#spec;
    const mayRetry = retry !== null && attempt <= retry.maxRetries;
    const again = (): void => {
      this.#later(retry!.delayMs(attempt), () => this.#attempt(entry, attempt + 1, answered));
    };
    this.#results(() => this.#fn.asyncInvoke(entry.value)).then(
      (results) => {
        if (this.#over(entry)) return;
        this.#orFail(() => {
          if (mayRetry && retry.retryOnResult(results)) again();
          else {
            answered();
            this.#complete(entry, results);
          }
        });
      },
      (error: unknown) => {
        if (this.#over(entry)) return;
        this.#orFail(() => {
          if (!(mayRetry && retry.retryOnError(error))) throw error;
          again();
        });
      },
    );
  }

  #timedOut(entry: AsyncEntry): void {
    if (this.#over(entry)) return;
    if (this.#fn.timeout === undefined) {
      this.#context.fail(
        new TaskError(
          'USER_FUNCTION_THREW',
          `Operator '${this.#operator}' had no answer within ${this.#spec.timeoutMs} ms. Raise the time-out, or give the AsyncFunction the method timeout.`,
        ),
      );
      return;
    }
    this.#results(() => this.#fn.timeout!(entry.value)).then(
      (results) => {
        if (!this.#over(entry)) this.#complete(entry, results);
      },
      (error: unknown) =>
        this.#orFail(() => {
          throw error;
        }),
    );
  }

  /** The entry needs no answer any more. */
  #over(entry: AsyncEntry): boolean {
    return this.#phase === 'closed' || entry.results !== null;
  }

  async #results(ask: () => Promise<Iterable<unknown>> | Iterable<unknown>): Promise<readonly unknown[]> {
    const results: unknown = await ask();
    if (typeof results === 'object' && results !== null && Symbol.iterator in results)
      return [...(results as Iterable<unknown>)];
    throw new TaskError(
      'INVALID_RECORD',
      `Operator '${this.#operator}' answered with ${results === null ? 'null' : `a value of type ${typeof results}`}. An AsyncFunction answers with an array or another iterable of records.`,
    );
  }

  /** Outside the task's turns: only says that there is something to emit. */
  #complete(entry: AsyncEntry, results: readonly unknown[]): void {
    this.#queue.complete(entry, results);
    if (this.#queue.ready) this.#askForTurn();
  }

  #askForTurn(): void {
    // What is emitted makes room, and timers are called before anything else comes: until then the block would hold the task back for ever.
    this.#unblock();
    if (this.#phase === 'open' && !this.#turnAsked) {
      this.#turnAsked = true;
      const { timers } = this.#context;
      timers.registerTimer(timers.currentProcessingTime(), () => {
        this.#turnAsked = false;
        this.#emit();
        if (this.#queue.ready) this.#askForTurn();
        else if (this.#queue.size >= this.#spec.capacity) this.#block();
      });
    }
    this.#context.wake();
  }

  #emit(): void {
    const { pressure, time } = this.#context;
    const before = time.timestamp;
    while (this.#room(pressure.blocked)) {
      const next = this.#queue.take();
      if (next === null) break;
      if ('entry' in next) {
        time.timestamp = next.entry.timestamp;
        for (const result of next.entry.results!) this.#output.collect(result);
      } else if (next.mark.kind === 'watermark') this.#output.watermark(next.mark.timestamp);
      else this.#output.status(next.mark.kind === 'idle');
    }
    time.timestamp = before;
    this.#askNext();
  }

  /** Whether anybody further on is out of room. */
  #room(blocked: number): boolean {
    return blocked - (this.#blocked ? 1 : 0) === 0;
  }

  #block(): void {
    if (this.#blocked || this.#phase !== 'open') return;
    this.#blocked = true;
    this.#context.pressure.blocked++;
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#context.pressure.blocked--;
  }

  #later(delayMs: number, action: () => void): NodeJS.Timeout {
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      if (this.#phase !== 'closed') action();
    }, delayMs);
    this.#delays.add(delay);
    return delay;
  }

  #cancel(delay: NodeJS.Timeout): void {
    clearTimeout(delay);
    this.#delays.delete(delay);
  }

  #orFail(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (this.#phase !== 'closed') this.#context.fail(inOperator(this.#operator, error));
    }
  }
}
