// What travels between task hosts: frames of records, and control messages that set channels up, grant credit and end them. A channel is
// one producing attempt's stream to one input of one consuming attempt, and every message names both attempts, so that data of an older
// attempt can never mix in. On TCP each frame is preceded by its length (included here, so that a frame is written as it is).
import type { Barrier } from './barrier.ts';
import { ByteReader, type ByteWriter } from './byteWriter.ts';
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

/** The consumer has worked off so many batches of the channel. `source`: the producing vertex, for routing. */
export interface Credit extends ChannelAddress {
  readonly source: number;
  readonly batches: number;
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

/** A producer's barrier to every consumer of an exchange behind a link, in order with the records of each. */
export interface BarrierBroadcast {
  readonly jobId: string;
  readonly vertex: number;
  readonly input: number;
  readonly producerSubtask: number;
  readonly producerAttempt: number;
  readonly barrier: Barrier;
  /** Consumers that get it by themselves, behind records that wait for credit. */
  readonly except: ReadonlySet<number>;
}

/**
 * A way to one other host, or to all hosts of another TaskManager. Frames are written straight into what it will send; frames keep their
 * order, and so do messages, and no message overtakes a frame. When it sends is its owner's affair.
 */
export interface Link {
  /** For messages to people. */
  readonly name: string;
  /** Where frames are written: whole ones, followed by frameWritten. */
  readonly out: ByteWriter;
  frameWritten(): void;
  control(message: ExchangeControl): void;
}

export const FRAME_DATA = 1;
export const FRAME_CONTROL = 2;
export const FRAME_HELLO = 3;
export const FRAME_CREDIT = 4;
export const FRAME_BARRIER = 5;
/** A barrier for all hosts behind a link; the others name the task that they are for. */
export const FRAME_BROADCAST = 6;
/** Frames between two TaskManagers, deflated together; no thread gets to see it. */
export const FRAME_COMPRESSED = 7;
/** The length of what follows it. */
export const FRAME_LENGTH_BYTES = 4;
/** Length and kind. */
const FRAME_HEADER_BYTES = FRAME_LENGTH_BYTES + 1;
/** Flags of a barrier. */
const STOPS = 1;
const DRAINS = 2;
const OVERTAKES = 4;
/** A frame that claims more is taken for garbage. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** Begins a frame of records; the records follow. Returns its start, for endFrame. */
export function beginDataFrame(out: ByteWriter, address: ChannelAddress, sequence: number): number {
  const start = beginFrame(out, FRAME_DATA);
  writeAddress(out, address);
  out.u32(sequence);
  return start;
}

/** A barrier, behind the channel's records so far. It needs no credit. */
export function writeBarrierFrame(out: ByteWriter, address: ChannelAddress, barrier: Barrier): void {
  const start = beginFrame(out, FRAME_BARRIER);
  writeAddress(out, address);
  writeBarrier(out, barrier);
  endFrame(out, start);
}

function writeBarrier(out: ByteWriter, barrier: Barrier): void {
  const { checkpointId, stops, drain, timestamp, targetPath, unalignedAt } = barrier;
  out.f64(checkpointId);
  out.f64(timestamp);
  out.u8((stops ? STOPS : 0) | (drain ? DRAINS : 0) | (unalignedAt === null ? 0 : OVERTAKES));
  out.string(targetPath ?? '');
  if (unalignedAt !== null) out.f64(unalignedAt);
}

function readBarrier(input: ByteReader): Barrier {
  const [checkpointId, timestamp] = [input.f64(), input.f64()];
  const flags = input.u8();
  const [stops, drain] = [(flags & STOPS) !== 0, (flags & DRAINS) !== 0];
  const targetPath = input.string() || null;
  const unalignedAt = (flags & OVERTAKES) === 0 ? null : input.f64();
  return { checkpointId, stops, drain, timestamp, targetPath, unalignedAt };
}

/** As one barrier a channel, at the cost of one a link: an all-to-all exchange has subtasks × subtasks channels. */
export function writeBroadcastFrame(out: ByteWriter, broadcast: BarrierBroadcast): void {
  const { barrier, except } = broadcast;
  const start = beginFrame(out, FRAME_BROADCAST);
  out.string(broadcast.jobId);
  out.varint(broadcast.vertex);
  out.varint(broadcast.input);
  out.varint(broadcast.producerSubtask);
  out.varint(broadcast.producerAttempt);
  writeBarrier(out, barrier);
  out.varint(except.size);
  for (const subtask of except) out.varint(subtask);
  endFrame(out, start);
}

function readBroadcast(jobId: string, input: ByteReader): BarrierBroadcast {
  return {
    jobId,
    vertex: input.varint(),
    input: input.varint(),
    producerSubtask: input.varint(),
    producerAttempt: input.varint(),
    barrier: readBarrier(input),
    except: new Set(Array.from({ length: input.varint() }, () => input.varint())),
  };
}

/** What routes the frame comes first. */
function writeAddress(out: ByteWriter, address: ChannelAddress): void {
  out.string(address.jobId);
  out.varint(address.vertex);
  out.varint(address.subtask);
  out.varint(address.input);
  out.varint(address.attempt);
  out.varint(address.producerSubtask);
  out.varint(address.producerAttempt);
}

function readAddress(jobId: string, input: ByteReader): ChannelAddress {
  return {
    jobId,
    vertex: input.varint(),
    subtask: input.varint(),
    input: input.varint(),
    attempt: input.varint(),
    producerSubtask: input.varint(),
    producerAttempt: input.varint(),
  };
}

export function writeCreditFrame(out: ByteWriter, credit: Credit): void {
  const start = beginFrame(out, FRAME_CREDIT);
  out.string(credit.jobId);
  out.varint(credit.source);
  out.varint(credit.producerSubtask);
  out.varint(credit.producerAttempt);
  out.varint(credit.vertex);
  out.varint(credit.input);
  out.varint(credit.subtask);
  out.varint(credit.attempt);
  out.varint(credit.batches);
  endFrame(out, start);
}

function beginFrame(out: ByteWriter, kind: number): number {
  const start = out.position;
  out.u32(0);
  out.u8(kind);
  return start;
}

export function endFrame(out: ByteWriter, start: number): void {
  out.view.setUint32(start, out.position - start - FRAME_LENGTH_BYTES, true);
}

export type Frame =
  /** `start`: where the records begin in `bytes`. */
  | ({
      readonly kind: 'data';
      readonly sequence: number;
      readonly bytes: Uint8Array;
      readonly start: number;
    } & ChannelAddress)
  | ({ readonly kind: 'barrier'; readonly barrier: Barrier } & ChannelAddress)
  | ({ readonly kind: 'broadcast' } & BarrierBroadcast)
  | ({ readonly kind: 'credit' } & Credit);

/** Reads frames that lie one after the other. */
export function* readFrames(bytes: Uint8Array): Iterable<Frame> {
  const input = new ByteReader(bytes);
  while (input.position < bytes.length) {
    const end = input.u32() + input.position;
    const kind = input.u8();
    const jobId = input.string();
    if (kind === FRAME_DATA) {
      yield {
        kind: 'data',
        ...readAddress(jobId, input),
        sequence: input.u32(),
        bytes: bytes.subarray(0, end),
        start: input.position,
      };
    } else if (kind === FRAME_BARRIER) {
      const address = readAddress(jobId, input);
      yield { kind: 'barrier', ...address, barrier: readBarrier(input) };
    } else if (kind === FRAME_BROADCAST) {
      yield { kind: 'broadcast', ...readBroadcast(jobId, input) };
    } else if (kind === FRAME_CREDIT) {
      yield {
        kind: 'credit',
        jobId,
        source: input.varint(),
        producerSubtask: input.varint(),
        producerAttempt: input.varint(),
        vertex: input.varint(),
        input: input.varint(),
        subtask: input.varint(),
        attempt: input.varint(),
        batches: input.varint(),
      };
    } else {
      throw new TaskError('PROTOCOL_VIOLATION', `A frame is of unknown kind ${kind}; both ends must run one version`);
    }
    input.position = end;
  }
}

export interface FrameRoute {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
}

/** The task that a frame of records, a barrier or credit is for, whichever of them it is; null: it is for all. */
export function readRoute(frame: Uint8Array): FrameRoute | null {
  if (frame[FRAME_LENGTH_BYTES] === FRAME_BROADCAST) return null;
  const input = new ByteReader(frame, FRAME_HEADER_BYTES);
  return { jobId: input.string(), vertex: input.varint(), subtask: input.varint() };
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
