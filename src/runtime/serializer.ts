// Batches of records to bytes and back, for records that leave their thread. A channel has one encoder and one decoder, used in step: what
// repeats over batches (strings) is sent once. Homogeneous batches of strings, numbers or short tuples of them, the bulk of most jobs,
// travel by column; everything else value by value. Measured on batches of 1,000 `[word, count]` with 997 words, ns a record to encode and
// decode: by column 50, without the dictionary 115, msgpackr 116 (and it keeps the prototype of no class silently), JSON 214, v8 256.
import { ByteReader, type ByteWriter } from './byteWriter.ts';
import { ColumnDecoder } from './columnDecoder.ts';
import { ColumnEncoder, type KnownKeys } from './columns.ts';
import { TaskError } from './errors.ts';
import type { KeyHandle } from './keyHandles.ts';
import { type AnyRecordSerializer, checkRecords } from './recordSerializer.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

export interface DecodedRecords {
  readonly records: unknown[];
  /** The handle of each record's key, or null for one that has none; null: none is known. */
  readonly keys: readonly (KeyHandle | null)[] | null;
}

/** Turns batches of one channel into bytes, in order. */
export interface BatchEncoder {
  /** Appends the batch. Throws TaskError UNSUPPORTED_VALUE, with the path to the value; what it wrote is void then. */
  encode(records: readonly unknown[], out: ByteWriter, known?: KnownKeys): void;
}

/** The other end of a channel. */
export interface BatchDecoder {
  /** Records of the bytes from `start` on, with the handles of their keys as far as there are any. Throws TaskError PROTOCOL_VIOLATION. */
  decode(bytes: Uint8Array, start: number): DecodedRecords;
}

const VALUES = 0;
const COLUMNS = 1;
/** By the stream's own serialiser. */
const TYPED = 2;

/** `dictionarySize`: how many distinct strings each side of the channel may keep. `typed`: for the records, whose type was declared. */
export function createEncoder(dictionarySize: number, typed: AnyRecordSerializer | null = null): BatchEncoder {
  return typed === null ? anyEncoder(dictionarySize) : typedEncoder(typed);
}

function typedEncoder(typed: AnyRecordSerializer): BatchEncoder {
  return {
    encode(records, out) {
      // All of them first: what fits is written without another look.
      checkRecords(typed, records);
      out.u8(TYPED);
      out.varint(records.length);
      for (let i = 0; i < records.length; i++) typed.append(records[i], out);
    },
  };
}

function anyEncoder(dictionarySize: number): BatchEncoder {
  const columns = new ColumnEncoder(dictionarySize);
  return {
    encode(records, out, known) {
      const start = out.position;
      out.u8(COLUMNS);
      if (columns.encode(records, out, known)) return;
      out.position = start;
      out.u8(VALUES);
      out.varint(records.length);
      const values = new ValueEncoder(out);
      try {
        for (let i = 0; i < records.length; i++) values.write(records[i], 'the record');
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        const message = `emitted a record that cannot travel to another task: ${error.message}`;
        throw new TaskError(error.code, message, { cause: error });
      }
    },
  };
}

/** `typed`: as the encoder at the other end has it. */
export function createDecoder(typed: AnyRecordSerializer | null = null): BatchDecoder {
  const columns = new ColumnDecoder();
  return {
    decode(bytes, start) {
      const input = new ByteReader(bytes, start);
      const form = input.u8();
      if (form === COLUMNS) return columns.decode(input);
      const records: unknown[] = [];
      if (form === TYPED) {
        if (typed === null) throw unexpectedType();
        for (let rest = input.varint(); rest > 0; rest--) records.push(typed.read(input));
        return { records, keys: null };
      }
      const values = new ValueDecoder();
      for (let rest = input.varint(); rest > 0; rest--) records.push(values.read(input));
      return { records, keys: null };
    },
  };
}

function unexpectedType(): TaskError {
  return new TaskError(
    'PROTOCOL_VIOLATION',
    'A batch holds records of a declared type where none was declared; both ends must run one version of the job',
  );
}
