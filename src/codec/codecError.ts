// The codec's one family of errors. A CodecError is the only thing that decoding bytes from outside can throw, so a reader of a topic
// catches it, keeps the bytes as a dead letter and goes on.

export type CodecErrorCode =
  /** The bytes of a record are not a message of its topic. */
  | 'UNDECODABLE'
  /** A message does not fit its schema: a fault of the code that made it. */
  | 'UNENCODABLE'
  /** A schema uses what this codec does not support, or cannot be read as the current one: found when it is first used. */
  | 'UNSUPPORTED_SCHEMA';

export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly code: CodecErrorCode;
  constructor(code: CodecErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
