// Sockets as the API takes them: options, their checks, and the source and sink that they make.
import type { Sink } from '../runtime/connectors/sink.ts';
import { SocketSink } from '../runtime/connectors/socketSink.ts';
import { SocketSource } from '../runtime/connectors/socketSource.ts';
import type { Source } from '../runtime/connectors/source.ts';
import { ApiError } from './apiError.ts';
import { checkedFunction } from './checkedFunction.ts';
import type { SourceOptions } from './sourceOptions.ts';

/** More would not be text. */
const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024;
const MAX_PORT = 65_535;

export interface SocketOptions extends SourceOptions {
  /** What ends a record. Default: a line feed, where a carriage return before it is dropped. */
  readonly delimiter?: string | undefined;
  /**
   * How often in a row a connection that is lost or refused is tried again, each 500 ms; -1: without end. Then the stream ends, if the server had closed the
   * connection in order, or the task fails. Default: 0.
   */
  readonly maxRetries?: number | undefined;
  /** A longer record fails the task. Default: 64 MiB. */
  readonly maxRecordBytes?: number | undefined;
}

/** The bytes of a record, with what ends it. */
export type SocketSerializer<T> = (record: T) => string | Uint8Array;

export interface SocketSinkOptions {
  /** How often in a row a connection that is lost or refused is tried again, each 500 ms; -1: without end. Then the task fails. Default: 0. */
  readonly maxRetries?: number | undefined;
}

export function socketSource(hostname: string, port: number, options: SocketOptions): Source<unknown> {
  const { delimiter = '\n', maxRetries = 0, maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = options;
  checkServer('socketTextStream', hostname, port, maxRetries);
  if (typeof delimiter !== 'string' || delimiter === '')
    throw new ApiError('INVALID_ARGUMENT', 'The delimiter of socketTextStream is a text of at least one character.');
  if (!Number.isSafeInteger(maxRecordBytes) || maxRecordBytes < 1)
    throw new ApiError('INVALID_ARGUMENT', 'maxRecordBytes of socketTextStream is a whole number above 0.');
  return new SocketSource({ hostname, port, delimiter, maxRetries, maxRecordBytes }) as Source<unknown>;
}

export function socketSink<T>(
  hostname: string,
  port: number,
  serializer: SocketSerializer<T>,
  { maxRetries = 0 }: SocketSinkOptions,
): Sink<T> {
  checkServer('writeToSocket', hostname, port, maxRetries);
  checkedFunction(serializer, 'writeToSocket');
  return new SocketSink({ hostname, port, serializer, maxRetries });
}

function checkServer(what: string, hostname: string, port: number, maxRetries: number): void {
  if (typeof hostname !== 'string' || hostname === '')
    throw new ApiError(
      'INVALID_ARGUMENT',
      `${what} takes the name of a host, such as 'localhost', not ${String(hostname)}.`,
    );
  if (!Number.isSafeInteger(port) || port < 1 || port > MAX_PORT)
    throw new ApiError('INVALID_ARGUMENT', `${what} takes a port from 1 to ${MAX_PORT}, not ${String(port)}.`);
  if (!Number.isSafeInteger(maxRetries) || maxRetries < -1)
    throw new ApiError('INVALID_ARGUMENT', `maxRetries of ${what} is a whole number, or -1 for without end.`);
}
