// Reads what the leader assigns to this TaskManager. Others share the partition and are skipped by key. A message of an epoch lower
// than the highest seen comes from a deposed leader and is refused; one that nobody can decode becomes a dead letter. If the tail
// breaks, messages may have been missed: it begins again at the end and says so.
import type { Channels, Delivery } from '../codec/channels.ts';
import { appendDurably, pause, sharedAbort } from '../codec/durableAppend.ts';
import type { AssignmentMessage } from '../core/messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { Tail } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';

const REOPEN_DELAY_MS = 500;
/** Dead letters on their way; further ones are only logged. */
const MAX_DEAD_LETTERS_UNDER_WAY = 16;
/** Larger records keep only their beginning, so that the dead letter fits its topic. */
const MAX_BURIED_BYTES = 512 * 1024;

/** More changes of leader than a TaskManager can have missed between two messages. */
const MAX_EPOCH_JUMP = 100_000;

export interface AssignmentReaderOptions {
  readonly taskManagerId: string;
  readonly channels: Channels;
  readonly clock: Clock;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  readonly logger: Logger;
  /** The highest epoch that a message to this TaskManager bore; 0 before the first. */
  readonly epoch: { highest: number };
  readonly onAssignment: (message: AssignmentMessage) => void;
  /** Messages may have been missed. */
  readonly onGap: (reason: string) => void;
}

export class AssignmentReader {
  readonly #options: AssignmentReaderOptions;
  readonly #abort = sharedAbort();
  readonly #partition: number;
  #tail: Tail | null = null;
  #deadLettersUnderWay = 0;

  constructor(options: AssignmentReaderOptions) {
    this.#options = options;
    this.#partition = options.channels.partitionOf('assignments', options.taskManagerId);
  }

  /** Resolves once every message appended from now on will be read. */
  async open(): Promise<void> {
    const tail = await this.#options.channels.follow('assignments', {
      partitions: [this.#partition],
      from: () => 'latest',
      // Others' need not be decoded: a deployment of a wide job is large. What has no key may be broken, and is looked at by all.
      wants: (key) => key === null || key === this.#options.taskManagerId,
      onBatch: ({ deliveries }) => {
        for (const delivery of deliveries) this.#take(delivery);
      },
      onError: (error) => this.reopen(error),
    });
    if (this.#abort.signal.aborted) await tail.close();
    else this.#tail = tail;
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the TaskManager has stopped'));
    await this.#tail?.close();
  }

  /** Messages may have been missed: follows them again as soon as it can, and says so. */
  reopen(cause: Error): void {
    this.#options.background(this.#reopen(cause));
  }

  async #reopen(cause: Error): Promise<void> {
    const { clock, logger, onGap } = this.#options;
    logger.error({ error: cause }, 'assignments can no longer be followed: begins again at their end');
    for (;;) {
      try {
        await pause(clock, REOPEN_DELAY_MS, this.#abort.signal);
        await this.open();
        break;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        logger.warn({ error }, 'assignments cannot be followed yet');
      }
    }
    if (!this.#abort.signal.aborted) onGap(`assignments could not be followed for a while: ${cause.message}`);
  }

  #take(delivery: Delivery<AssignmentMessage>): void {
    const { taskManagerId, logger, epoch: heard, onAssignment } = this.#options;
    switch (delivery.kind) {
      case 'message': {
        if (delivery.key !== taskManagerId) return;
        const { message, offset } = delivery;
        // The leader's key is the message's own: taken by its key alone, a stranger's word to nobody would stop this TaskManager's tasks.
        if (message.taskManagerId !== taskManagerId) {
          const { type, epoch, taskManagerId: to } = message;
          logger.error({ type, epoch, to, offset }, 'refused: its key names this TaskManager, and the message another');
          return;
        }
        if (message.epoch < heard.highest) {
          const { type, epoch } = message;
          logger.warn({ type, epoch, highestEpoch: heard.highest, offset }, 'refused: sent by a deposed leader');
          return;
        }
        // Taken at its word it would leave this TaskManager deaf to every leader there is.
        if (heard.highest > 0 && message.epoch > heard.highest + MAX_EPOCH_JUMP) {
          const { type, epoch } = message;
          logger.error({ type, epoch, highestEpoch: heard.highest, offset }, 'refused: no leader has this epoch');
          return;
        }
        heard.highest = message.epoch;
        return onAssignment(message);
      }
      case 'tombstone':
        return;
      case 'undecodable':
        // A record without a key is addressed to nobody: whoever reads it says so, under one key.
        if (delivery.key === taskManagerId || delivery.key === null) this.#bury(delivery);
        return;
      default:
        delivery satisfies never;
    }
  }

  #bury({ partition, offset, reason, value }: Extract<Delivery<AssignmentMessage>, { kind: 'undecodable' }>): void {
    const { channels, clock, logger } = this.#options;
    logger.error({ partition, offset, reason }, 'an assignment cannot be decoded: it becomes a dead letter');
    if (this.#deadLettersUnderWay >= MAX_DEAD_LETTERS_UNDER_WAY) return;
    this.#deadLettersUnderWay++;
    const message = {
      type: 'DeadLetter',
      topic: 'assignments',
      partition,
      offset,
      reason,
      value: value.subarray(0, MAX_BURIED_BYTES),
    } as const;
    const buried = appendDurably(channels, 'dead-letters', [{ key: `assignments/${partition}/${offset}`, message }], {
      clock,
      signal: this.#abort.signal,
    })
      .catch((error: unknown) => logger.warn({ error, partition, offset }, 'the dead letter was not written'))
      .finally(() => {
        this.#deadLettersUnderWay--;
      });
    this.#options.background(buried);
  }
}
