// Records of a JetStream stream, without a durable consumer: where a subtask stands is a sequence of the stream, in the checkpoint, so after a failure each
// record is read again exactly from there. A stream is one sequence; what may be read in parallel is its subjects. Each filter is a
// split with watermarks of its own.
import { ApiError, type Source, type SourceReader, type SourceReaderContext } from 'sluice';
import { checkServers, type NatsConnectionOptions } from './connection.ts';
import type { NatsDeserializer, NatsMessage } from './messages.ts';
import { NatsReader } from './reader.ts';
import type { ReaderState } from './split.ts';
import { isSubject, overlap } from './subjects.ts';

/** `startSequence`: of the stream, from 1. `startTime`: Unix ms, or a Date. */
export type DeliverPolicy =
  | 'all'
  | 'new'
  | 'last'
  | { readonly startSequence: number }
  | { readonly startTime: number | Date };

/**
 * `fail`: the task fails, and the message names stream and sequence. `skip`: the record is left out. A function: what it returns is
 * emitted in the record's place; undefined: nothing.
 */
export type MalformedPolicy<T> = 'fail' | 'skip' | ((message: NatsMessage, error: unknown) => T | undefined);

export interface NatsSourceOptions<T> extends NatsConnectionOptions {
  readonly stream: string;
  /**
   * Which messages are read; default: all of the stream. Each filter is a split, and is read by one subtask: with one, only one subtask has work.
   * Filters must not overlap.
   */
  readonly subjects?: string | readonly string[] | undefined;
  readonly deserializer: NatsDeserializer<T>;
  /** At a first start, without a checkpoint. Default: 'all'. `last`: the last message of each filter, and what follows it. */
  readonly deliverPolicy?: DeliverPolicy | undefined;
  /** Makes the source bounded: the last sequence that is read, or the last that the stream has when the source starts. */
  readonly stopSequence?: number | 'latest' | undefined;
  /** Default: 'fail'. */
  readonly onMalformed?: MalformedPolicy<T> | undefined;
  /** What happens where the stream has dropped messages before they were read. Default: 'fail'. */
  readonly onExpired?: 'fail' | 'skip' | undefined;
}

export const EVERYTHING = '>';

export class NatsSource<T> implements Source<T, ReaderState> {
  readonly boundedness: 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';
  readonly #options: NatsSourceOptions<T>;

  constructor(options: NatsSourceOptions<T>) {
    check(options);
    this.#options = options;
    this.boundedness = options.stopSequence === undefined ? 'CONTINUOUS_UNBOUNDED' : 'BOUNDED';
  }

  createReader(context: SourceReaderContext): SourceReader<T, ReaderState> {
    const { subjects = EVERYTHING } = this.#options;
    const filters = typeof subjects === 'string' ? [subjects] : subjects;
    return new NatsReader(context, this.#options, filters);
  }
}

function check<T>(options: NatsSourceOptions<T>): void {
  const { stream, subjects = EVERYTHING, deserializer, deliverPolicy = 'all', stopSequence } = options;
  const refuse = (text: string): never => {
    throw new ApiError('INVALID_ARGUMENT', `NatsSource: ${text}`);
  };
  checkServers('NatsSource', options);
  if (typeof stream !== 'string' || stream === '') refuse('name a stream.');
  if (typeof deserializer !== 'function') refuse('deserializer is a function, such as stringValue().');
  const filters = typeof subjects === 'string' ? [subjects] : subjects;
  if (filters.length === 0) refuse('name at least one subject, or leave subjects out.');
  for (const [index, filter] of filters.entries()) {
    if (!isSubject(filter, true)) refuse(`'${filter}' is no subject.`);
    const other = filters.slice(0, index).find((earlier) => overlap(earlier, filter));
    if (other !== undefined) refuse(`subjects '${other}' and '${filter}' overlap: records would come twice.`);
  }
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
  if (typeof deliverPolicy === 'object') {
    if ('startSequence' in deliverPolicy && !whole(deliverPolicy.startSequence))
      refuse('startSequence is a whole number from 1.');
    if ('startTime' in deliverPolicy && Number.isNaN(new Date(deliverPolicy.startTime).getTime()))
      refuse('startTime is a Date, or a number of ms since 1970.');
  } else if (!['all', 'new', 'last'].includes(deliverPolicy)) {
    refuse("deliverPolicy is 'all', 'new', 'last', { startSequence } or { startTime }.");
  }
  if (stopSequence !== undefined && stopSequence !== 'latest' && !whole(stopSequence))
    refuse("stopSequence is a whole number from 1, or 'latest'.");
}
