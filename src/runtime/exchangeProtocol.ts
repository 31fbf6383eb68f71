// What travels between task hosts: frames of records, and control messages that set channels up, grant credit and end them. A channel is
// one producing attempt's stream to one input of one consuming attempt, and every message names both attempts, so that data of an older
// attempt can never mix in. On TCP each frame is preceded by its length (included here, so that a frame is written as it is).
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';

/** Which channel, from the consumer's view. */
export interface ChannelAddress {
  readonly jobId: string;
  /** Consuming vertex, index of the edge among its inputs, and attempt. */
  readonly vertex: number;
  readonly input: number;
  readonly subtask: number;
  readonly attempt: number;
  readonly producerSubtask: number;
  readonly producerAttempt: number;
}

export type ExchangeControl =
  /** These attempts of the vertex take records: `[subtask, attempt]` each. Data may flow from now on, one window of credit each channel. */
  | {
      readonly type: 'consumersReady';
      readonly jobId: string;
      readonly vertex: number;
      readonly consumers: readonly (readonly [number, number])[];
    }
  /** Asks for consumersReady of the vertex: sent by producers that may have come too late to hear it. */
  | { readonly type: 'whoIsReady'; readonly jobId: string; readonly vertex: number }
  /** The consumer has worked off this many batches. `source`: the producing vertex, for routing. */
  | ({ readonly type: 'credit'; readonly source: number; readonly batches: number } & ChannelAddress)
  | EndOfPartition;

/**
 * The producer has sent all records to every consumer of this edge, or to `consumer` only where the edge is FORWARD. One message
 * serves all consumers of a thread, so that ending an all-to-all exchange costs no tasks × tasks messages.
 */
export interface EndOfPartition {
  readonly type: 'endOfPartition';
  readonly jobId: string;
  readonly vertex: number;
  readonly input: number;
  readonly producerSubtask: number;
  readonly producerAttempt: number;
  readonly consumer: number | null;
}

/** A way to one other host, or to all hosts of another TaskManager. Keeps order; flushing is its owner's affair. */
export interface Link {
  /** For messages to people. */
  readonly name: string;
  data(frame: Uint8Array<ArrayBuffer>): void;
  control(message: ExchangeControl): void;
}

export const FRAME_DATA = 1;
export const FRAME_CONTROL = 2;
export const FRAME_HELLO = 3;
/** Length field and kind. */
export const FRAME_HEADER_BYTES = 5;
/** A frame that claims more is taken for garbage. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const SEQUENCE_BYTES = 4;

/** Header of a channel's data frames; sealDataFrame fills in what changes from frame to frame. */
export function dataFramePrefix(address: ChannelAddress): Uint8Array {
  const out = new ByteWriter();
  out.u32(0);
  out.u8(FRAME_DATA);
  out.u32(0);
  out.string(address.jobId);
  out.varint(address.vertex);
  out.varint(address.input);
  out.varint(address.subtask);
  out.varint(address.attempt);
  out.varint(address.producerSubtask);
  out.varint(address.producerAttempt);
  return out.take();
}

/** Sets the length and the sequence number, which counts a channel's frames from 0. */
export function sealDataFrame(frame: Uint8Array, sequence: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  view.setUint32(0, frame.length - 4, true);
  view.setUint32(FRAME_HEADER_BYTES, sequence, true);
}

export interface DataFrameHeader extends ChannelAddress {
  readonly sequence: number;
  /** Where the records begin. */
  readonly start: number;
}

export function readDataFrame(frame: Uint8Array): DataFrameHeader {
  const input = new ByteReader(frame, FRAME_HEADER_BYTES);
  const sequence = input.u32();
  return {
    sequence,
    jobId: input.string(),
    vertex: input.varint(),
    input: input.varint(),
    subtask: input.varint(),
    attempt: input.varint(),
    producerSubtask: input.varint(),
    producerAttempt: input.varint(),
    start: input.position,
  };
}

/** Where a data frame goes, without the rest of its header. */
export function readDataRoute(frame: Uint8Array): {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
} {
  const input = new ByteReader(frame, FRAME_HEADER_BYTES + SEQUENCE_BYTES);
  const jobId = input.string();
  const vertex = input.varint();
  input.varint();
  return { jobId, vertex, subtask: input.varint() };
}

/** Control messages and the hello travel as JSON: they are few, and readable in a packet dump. */
export function jsonFrame(kind: number, value: unknown): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(JSON.stringify(value));
  const frame = new Uint8Array(FRAME_HEADER_BYTES + text.length);
  new DataView(frame.buffer).setUint32(0, frame.length - 4, true);
  frame[4] = kind;
  frame.set(text, FRAME_HEADER_BYTES);
  return frame;
}

export function readJsonFrame(frame: Uint8Array): unknown {
  const text = Buffer.from(frame.buffer, frame.byteOffset + FRAME_HEADER_BYTES, frame.length - FRAME_HEADER_BYTES);
  try {
    return JSON.parse(text.toString());
  } catch (error) {
    throw new TaskError(
      'PROTOCOL_VIOLATION',
      `A control frame of ${frame.length} bytes is not JSON; both ends must run one version`,
      {
        cause: error,
      },
    );
  }
}
