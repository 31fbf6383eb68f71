// Records that the barrier of an unaligned checkpoint overtakes in one task: those that wait at its gate and in its outputs. They are stored with
// its state, encoded at once, since operators may change a record that they are given; and put back in front of everything else when the
// task is restored. Which channel a record is in depends on the parallelism of both ends, so they are restored at the same one only.
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';
import { endFrame } from './exchangeProtocol.ts';
import type { OperatorState } from './operatorState.ts';
import { type RecordBatch, readTimes, writeTimes } from './recordBatch.ts';
import { type BatchEncoder, createDecoder, createEncoder } from './serializer.ts';

/** Most that one task stores; with more in flight the checkpoint is declined. */
const MAX_BYTES = 64 * 1024 * 1024;
const DICTIONARY_SIZE = 4096;
const FIRST_BYTES = 4 * 1024;
/** In place of an operator's uid, which has no such character. */
const UID = '\0in-flight';

/** Where records were: in the channel of a producing subtask of an input, or of a consuming one of an output. */
export interface InFlightChannel {
  readonly side: 'input' | 'output';
  /** Of the input, or the output, among those of the task. */
  readonly index: number;
  /** The subtask at the other end, and how many there are. */
  readonly subtask: number;
  readonly parallelism: number;
}

type Stored = InFlightChannel & { readonly batches: Uint8Array };

/** Of one output. */
export interface OvertakenOutput {
  keep(subtask: number, batches: readonly RecordBatch[]): void;
  /** A barrier waits that may yet overtake something; call what it returns when it is sent. */
  expect(): () => void;
}

class Kept {
  readonly channel: InFlightChannel;
  readonly #out = new ByteWriter(FIRST_BYTES);
  readonly #encoder: BatchEncoder = createEncoder(DICTIONARY_SIZE);

  constructor(channel: InFlightChannel) {
    this.channel = channel;
  }

  /** Returns how many bytes it took. */
  add(batch: RecordBatch): number {
    const start = this.#out.position;
    this.#out.u32(0);
    writeTimes(batch, this.#out);
    this.#encoder.encode(batch.records, this.#out);
    endFrame(this.#out, start);
    return this.#out.position - start;
  }

  stored(): Stored {
    return { ...this.channel, batches: this.#out.bytes.slice(0, this.#out.position) };
  }
}

export class InFlight {
  /** Stored so far. */
  bytes = 0;
  /** A barrier was taken before its turn. */
  overtook = false;
  /** From the first barrier at the gate to the last. */
  alignmentMs = 0;
  readonly #kept = new Map<string, Kept>();
  readonly #done: Promise<readonly Stored[] | null>;
  #end: (stored: readonly Stored[] | null) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #expected = 1;
  #over = false;

  constructor() {
    this.#done = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever stores the state learns of it; it may be that nobody does.
    this.#done.catch(() => {});
  }

  /** Part of the task's state. */
  readonly state: OperatorState = {
    kind: 'value',
    uid: UID,
    operator: 'records in flight',
    snapshot: () => this.#done,
    restore() {},
  };

  add(channel: InFlightChannel, batch: RecordBatch): void {
    if (this.#over) return;
    const key = `${channel.side}/${channel.index}/${channel.subtask}`;
    try {
      let kept = this.#kept.get(key);
      if (kept === undefined) {
        kept = new Kept(channel);
        this.#kept.set(key, kept);
      }
      this.bytes += kept.add(batch);
      if (this.bytes > MAX_BYTES)
        throw new TaskError(
          'STATE_UNUSABLE',
          `more than ${MAX_BYTES} bytes of records are in flight to or from the task`,
        );
    } catch (error) {
      this.#over = true;
      this.#kept.clear();
      this.#fail(error);
    }
  }

  output(index: number, parallelism: number): OvertakenOutput {
    return {
      keep: (subtask, batches) => {
        this.overtook = true;
        for (const batch of batches) this.add({ side: 'output', index, subtask, parallelism }, batch);
      },
      expect: () => this.expect(),
    };
  }

  /** More may come until what this returns is called. */
  expect(): () => void {
    this.#expected++;
    return () => this.sealed();
  }

  /** One of those that more could come from has no more; the first call is that of who made this. */
  sealed(): void {
    if (--this.#expected > 0 || this.#over) return;
    this.#over = true;
    this.#end(this.#kept.size === 0 ? null : [...this.#kept.values()].map((kept) => kept.stored()));
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#kept.clear();
    this.#end(null);
  }
}

/** Puts back what was in flight; `put` gets it channel by channel and throws for a channel that the task has not. */
export function restoring(put: (channel: InFlightChannel, batches: readonly RecordBatch[]) => void): OperatorState {
  return {
    kind: 'value',
    uid: UID,
    operator: 'records in flight',
    snapshot: () => null,
    restore(parts, own) {
      for (const stored of parts as readonly (readonly Stored[])[]) {
        if (!own) throw otherParallelism();
        for (const { batches, ...channel } of stored) put(channel, decoded(batches));
      }
    },
  };
}

export function otherParallelism(): TaskError {
  return new TaskError(
    'STATE_UNUSABLE',
    'The checkpoint is unaligned: it holds records that were in flight between tasks, which can be restored only in the same graph at the same parallelism. Start the job as it was, stop it with a savepoint, and start from that',
  );
}

function decoded(bytes: Uint8Array): RecordBatch[] {
  const decoder = createDecoder();
  const input = new ByteReader(bytes);
  const batches: RecordBatch[] = [];
  while (input.position < bytes.length) {
    const end = input.u32() + input.position;
    const times = readTimes(input);
    batches.push({ ...times, ...decoder.decode(bytes.subarray(0, end), input.position) });
    input.position = end;
  }
  return batches;
}
