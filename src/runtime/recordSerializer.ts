// How the records of one stream travel where its author has declared their type (`returns`): by a schema, which also says what they must be. Everything
// else travels by the codec that takes any data (columns.ts, valueCodec.ts).
import type { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';

/** `avro(schema)` is one. */
export interface RecordSerializer<T> {
  /** The schema as text: part of what identifies the job. */
  readonly schema: string;
  /** Why the record does not fit, naming the path; null: it does. */
  misfit(record: T): string | null;
  /** Appends a record that fits. */
  append(record: T, out: ByteWriter): void;
  /** Reads what `append` has written. Throws TaskError PROTOCOL_VIOLATION where the bytes are none. */
  read(input: ByteReader): T;
}

export type AnyRecordSerializer = RecordSerializer<unknown>;

/** Throws TaskError INVALID_RECORD. Without `operator` its message lacks the operator's name in front. */
export function checkRecords(serializer: AnyRecordSerializer, records: readonly unknown[], operator?: string): void {
  for (let i = 0; i < records.length; i++) {
    const misfit = serializer.misfit(records[i]);
    if (misfit === null) continue;
    throw new TaskError(
      'INVALID_RECORD',
      `${operator === undefined ? '' : `Operator '${operator}' `}emitted a record that is not of the type that it returns: ${misfit}. Emit what the schema says, or change the schema given to returns(…).`,
    );
  }
}
