// Handles of stored state, the same for every store: `<folder>/<name>#<first half of the SHA-256 of the content, in hex>`, and
// `<folder>/<name>@<offset>+<length>#<checksum of the part>` for a part of a file. The checksum travels with the handle through the ledger,
// so that a file that was cut, changed or put in another's place is not taken for the state.
import { createHash } from 'node:crypto';
import { CheckpointStorageError, fileOfHandle } from '../ports/checkpointStorage.ts';

const CHECKSUM_CHARS = 32;
/** Names of files, and each part of a folder within a store: nothing that leads out of it. */
const NAME = /^[\w-][\w.-]{0,199}$/;
const SUFFIX = /(?:@(\d{1,15})\+(\d{1,15}))?#([0-9a-f]{32})$/;
const RELATIVE_FOLDER = /^[\w-]{1,200}(\/[\w-]{1,200}){0,3}$/;

export function handleOf(folder: string, name: string, bytes: Uint8Array): string {
  return `${folder}/${name}#${checksumOf(bytes)}`;
}

/** Of the bytes that lie at the offset of a file. */
export function partHandleOf(folder: string, name: string, offset: number, bytes: Uint8Array): string {
  return `${folder}/${name}@${offset}+${bytes.length}#${checksumOf(bytes)}`;
}

/** Where in a file the content of a handle lies, in bytes. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

export interface ParsedHandle {
  readonly folder: string;
  readonly name: string;
  /** Null: all of the file. */
  readonly range: FileRange | null;
  /** Null: the handle is a path as people name it. */
  readonly checksum: string | null;
}

/** Throws STATE_NOT_FOUND for what is no handle. */
export function parseHandle(handle: string): ParsedHandle {
  const [, offset, length, checksum = null] = SUFFIX.exec(handle) ?? [];
  const range = length === undefined ? null : { offset: Number(offset), length: Number(length) };
  const file = checksum === null ? handle : fileOfHandle(handle);
  const slash = file.lastIndexOf('/');
  const [folder, name] = [file.slice(0, slash), file.slice(slash + 1)];
  if (slash < 1 || !NAME.test(name))
    throw new CheckpointStorageError('STATE_NOT_FOUND', `'${handle}' is no handle of stored state`);
  return { folder, name, range, checksum };
}

export function checkName(name: string): void {
  if (!NAME.test(name))
    throw new CheckpointStorageError('STORAGE_FAILED', `'${name}' cannot be the name of stored state`);
}

/** Whether the folder lies within a store, not at a place of its own. */
export function isWithin(folder: string): boolean {
  return RELATIVE_FOLDER.test(folder);
}

/** Throws STATE_DAMAGED unless the bytes are those of the handle. `place`: the store, for the message. */
export function verify(handle: string, checksum: string | null, bytes: Uint8Array, place: string): void {
  if (checksum === null || checksumOf(bytes) === checksum) return;
  throw new CheckpointStorageError(
    'STATE_DAMAGED',
    `The state ${handle} in ${place} is damaged: its ${bytes.length} bytes do not have the checksum that they were written with.`,
  );
}

function checksumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, CHECKSUM_CHARS);
}
