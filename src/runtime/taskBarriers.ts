// How barriers go through a task: in their turn, behind everything that came and was emitted before them; or, of an unaligned checkpoint whose
// time has come, past what waits at the gate and in the outputs, which then belongs to the checkpoint.
import type { AlignmentTimes } from './alignment.ts';
import { type Barrier, overtakes } from './barrier.ts';
import type { ExchangeWriter } from './exchangeWriter.ts';
import { GateCapture } from './gateCapture.ts';
import { InFlight, type InFlightChannel, otherParallelism, restoring } from './inFlight.ts';
import type { InputGate } from './inputGate.ts';
import type { RecordBatch } from './recordBatch.ts';
import type { TaskCheckpoints } from './taskCheckpoints.ts';
import type { TaskContext } from './taskContext.ts';

export class TaskBarriers {
  readonly #context: Pick<TaskContext, 'now' | 'wakeAt'>;
  readonly #gate: InputGate | null;
  readonly #writers: readonly ExchangeWriter[];
  readonly #checkpoints: TaskCheckpoints;
  /** Of the batch that the task works on, what it has not taken yet. */
  readonly #rest: () => RecordBatch | null;
  /** Was passed on in its turn, and may yet overtake what it waits behind in the outputs. */
  #behind: Barrier | null = null;

  constructor(
    context: Pick<TaskContext, 'now' | 'wakeAt'>,
    gate: InputGate | null,
    writers: readonly ExchangeWriter[],
    checkpoints: TaskCheckpoints,
    rest: () => RecordBatch | null,
  ) {
    this.#context = context;
    this.#gate = gate;
    this.#writers = writers;
    this.#checkpoints = checkpoints;
    this.#rest = rest;
    checkpoints.alsoRestores(restoring((channel, batches) => this.#restore(channel, batches)));
  }

  inTurn(barrier: Barrier, inputEnded: boolean): void {
    this.#take(barrier, inputEnded, this.#gate?.alignment ?? null, () => {});
  }

  /** Has barriers overtake whose time has come. `between`: no operator is in the middle of a record or a watermark. */
  run(between: boolean): void {
    const now = Date.now();
    const behind = this.#behind;
    if (behind !== null && this.#isDue(behind, now)) {
      this.#behind = null;
      for (const writer of this.#writers) writer.overtake(behind.checkpointId);
    }
    const overtaking = this.#gate?.overtaking ?? null;
    if (overtaking === null || !between || !this.#isDue(overtaking.barrier, now)) return;
    const { barrier, startedAt } = overtaking;
    const gate = this.#gate!;
    const { checkpointId } = barrier;
    const passed = gate.overtaken(checkpointId);
    this.#take(barrier, false, { startedAt, lastedMs: 0 }, (inFlight) =>
      gate.capture(
        new GateCapture(checkpointId, inFlight, startedAt, passed, (input) => gate.parallelismOf(input)),
        this.#rest(),
      ),
    );
  }

  #isDue(barrier: Barrier, now: number): boolean {
    if (overtakes(barrier, now)) return true;
    this.#context.wakeAt(this.#context.now() + (barrier.unalignedAt ?? now) - now);
    return false;
  }

  #take(
    barrier: Barrier,
    inputEnded: boolean,
    alignment: AlignmentTimes | null,
    capture: (inFlight: InFlight) => void,
  ): void {
    const inFlight = barrier.unalignedAt === null ? null : new InFlight();
    this.#checkpoints.barrier(barrier, { inputEnded, alignment, inFlight }, () => {
      this.#writers.forEach((writer, index) => {
        writer.barrier(barrier, inFlight?.output(index, writer.spec.consumerParallelism) ?? null);
      });
      if (inFlight === null) return;
      capture(inFlight);
      inFlight.sealed();
      if (!overtakes(barrier, Date.now())) this.#behind = barrier;
    });
  }

  #restore(channel: InFlightChannel, batches: readonly RecordBatch[]): void {
    const { side, index, subtask, parallelism } = channel;
    if (side === 'input') {
      if (this.#gate?.parallelismOf(index) !== parallelism) throw otherParallelism();
      this.#gate.restore(index, subtask, batches);
      return;
    }
    const writer = this.#writers[index];
    if (writer?.spec.consumerParallelism !== parallelism) throw otherParallelism();
    writer.restore(subtask, batches);
  }
}
