// The records that the barrier of an unaligned checkpoint overtakes at a gate: of each producer, what waited there when the task took its
// snapshot, and what comes until the producer's own barrier does.
import { type Arrival, type Channel, decodedArrival } from './gateChannel.ts';
import type { InFlight } from './inFlight.ts';
import type { RecordBatch } from './recordBatch.ts';

export class GateCapture {
  readonly checkpointId: number;
  readonly #inFlight: InFlight;
  readonly #sealed: () => void;
  readonly #startedAt: number;
  readonly #parallelismOf: (input: number) => number;
  readonly #passed: Set<number>;
  #over = false;

  /** `passed`: producers whose barriers have come to the front already. `parallelismOf`: how many subtasks feed an input. */
  constructor(
    checkpointId: number,
    inFlight: InFlight,
    startedAt: number,
    passed: Set<number>,
    parallelismOf: (input: number) => number,
  ) {
    this.checkpointId = checkpointId;
    this.#inFlight = inFlight;
    this.#sealed = inFlight.expect();
    this.#startedAt = startedAt;
    this.#passed = passed;
    this.#parallelismOf = parallelismOf;
    inFlight.overtook = true;
  }

  /** Goes over what waits, in order. `rest`: of the batch that the task works on. Returns what is to wait in its place. */
  waiting(arrival: Arrival, rest: RecordBatch | null): Arrival | null {
    const { producer, channel, content } = arrival;
    if (channel === null) {
      if (content.checkpointId !== this.checkpointId) return arrival;
      this.#passed.add(producer);
      return null;
    }
    if (rest === null) return this.arrived({ producer, channel, content });
    if (!this.#passed.has(producer)) this.#keep(channel, rest);
    return arrival;
  }

  arrived(arrival: Arrival & { readonly channel: Channel }): Arrival {
    if (this.#over || this.#passed.has(arrival.producer)) return arrival;
    const decoded = decodedArrival(arrival);
    this.#keep(decoded.channel, decoded.content);
    return decoded;
  }

  barrier(producer: number): void {
    this.#passed.add(producer);
  }

  has(producer: number): boolean {
    return this.#passed.has(producer);
  }

  /** All barriers have come. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#inFlight.alignmentMs = Date.now() - this.#startedAt;
    this.#sealed();
  }

  #keep({ address }: Channel, batch: RecordBatch): void {
    if (batch.records.length === 0 && batch.marks === null) return;
    const { input: index, producerSubtask: subtask } = address;
    this.#inFlight.add({ side: 'input', index, subtask, parallelism: this.#parallelismOf(index) }, batch);
  }
}
