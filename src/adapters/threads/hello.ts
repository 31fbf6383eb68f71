// How two TaskManagers greet each other: the first frame of a connection, each way.
import { TaskError } from '../../runtime/errors.ts';
import { FRAME_HELLO, jsonFrame } from '../../runtime/exchangeProtocol.ts';
import { COMPRESSION } from './frameCompression.ts';

const PROTOCOL_VERSION = 3;

export interface Hello {
  readonly version: number;
  readonly from: string;
  readonly to: string;
  /** What it can inflate; one that does not say can nothing. */
  readonly compression?: string;
}

export function helloFrame(from: string, to: string): Uint8Array {
  const hello: Hello = { version: PROTOCOL_VERSION, from, to, compression: COMPRESSION };
  return jsonFrame(FRAME_HELLO, hello);
}

/** Throws TaskError PROTOCOL_VIOLATION. */
export function readHello(value: unknown): Hello {
  const { version, from, to, compression } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof version === 'number' && typeof from === 'string' && from !== '' && typeof to === 'string')
    return { version, from, to, ...(typeof compression === 'string' ? { compression } : {}) };
  throw new TaskError('PROTOCOL_VIOLATION', 'The peer did not say who it is, and whom it looks for.');
}

export function versionProblem(hello: Hello): string | null {
  return hello.version === PROTOCOL_VERSION
    ? null
    : `it speaks version ${hello.version} of the data plane, this one ${PROTOCOL_VERSION}`;
}
