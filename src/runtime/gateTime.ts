// The event time of a gate: the valve of each port, and what the valves have said that the task has not taken yet.
import { MAX_PARALLELISM_LIMIT } from './keyGroups.ts';
import type { StreamTime } from './streamTime.ts';
import { WatermarkValve } from './watermarkValve.ts';

/** The event time of all that feeds one input of the task's head. */
export interface Advance {
  readonly port: number;
  readonly time: StreamTime;
}

export class GateTime {
  readonly #valves: readonly WatermarkValve[];
  readonly #ports: readonly number[];
  readonly #advances: Advance[] = [];

  /** For each input its port and how many producers it has. */
  constructor(inputs: readonly { readonly port: number; readonly producers: number }[]) {
    this.#ports = inputs.map(({ port }) => port);
    this.#valves = Array.from({ length: Math.max(...this.#ports) + 1 }, (_, index) => {
      const feeding = inputs.filter(({ port }) => port === index);
      return new WatermarkValve(feeding.reduce((sum, { producers }) => sum + producers, 0));
    });
  }

  /** The least of the watermarks of its ports. */
  get watermark(): number {
    return Math.min(...this.#valves.map(({ watermark }) => watermark));
  }

  portOf(input: number): number {
    return this.#ports[input]!;
  }

  /** A producer says so, in the order of its records. */
  accept(input: number, producerSubtask: number, time: StreamTime): void {
    this.#said(input, this.#valves[this.portOf(input)]!.accept(keyOf(input, producerSubtask), time));
  }

  /** A producer has ended, and everything that it sent is worked off. */
  end(input: number, producerSubtask: number): void {
    this.#said(input, this.#valves[this.portOf(input)]!.end(keyOf(input, producerSubtask)));
  }

  /** There is something to take. */
  get moved(): boolean {
    return this.#advances.length > 0;
  }

  /** What event time has come to since it was last asked for, one at a time, or null. */
  take(): Advance | null {
    return this.#advances.shift() ?? null;
  }

  #said(input: number, times: readonly StreamTime[]): void {
    for (const time of times) this.#advances.push({ port: this.portOf(input), time });
  }
}

/** Of a channel among those of all inputs. */
function keyOf(input: number, producerSubtask: number): number {
  return input * MAX_PARALLELISM_LIMIT + producerSubtask;
}
