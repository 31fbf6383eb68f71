// How the values of one state become bytes where a user says so. The schema goes into every snapshot beside the values, so that a later version of the
// job, with a schema of its own, reads what an earlier one wrote or refuses it before any record is processed.

export interface StateSerializer<T> {
  /** The schema as text; snapshots carry it. Not empty. */
  readonly schema: string;
  /** Throws where the value does not fit the schema, naming the path. */
  serialize(value: T): Uint8Array;
  /** Reads what was written with `writerSchema`. Throws where this schema cannot read that one. */
  deserializer(writerSchema: string): (bytes: Uint8Array) => T;
}
