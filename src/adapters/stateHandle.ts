// Handles of stored state, the same for every store: `<folder>/<name>#<first half of the SHA-256 of the content, in hex>`. The checksum
// travels with the handle through the ledger, so that a file that was cut, changed or put in another's place is not taken for the state.
import { createHash } from 'node:crypto';
import { CheckpointStorageError } from '../ports/checkpointStorage.ts';

const CHECKSUM_CHARS = 32;
/** Names of files, and each part of a folder within a store: nothing that leads out of it. */
const NAME = /^[\w-][\w.-]{0,199}$/;
const RELATIVE_FOLDER = /^[\w-]{1,200}(\/[\w-]{1,200}){0,3}$/;

export function handleOf(folder: string, name: string, bytes: Uint8Array): string {
  return `${folder}/${name}#${checksumOf(bytes)}`;
}

/** Throws STATE_NOT_FOUND for what is no handle. `checksum` null: of a path as people name it. */
export function parseHandle(handle: string): { folder: string; name: string; checksum: string | null } {
  const hash = handle.lastIndexOf('#');
  const checksum = /^#[0-9a-f]{32}$/.test(handle.slice(hash)) ? handle.slice(hash + 1) : null;
  const file = checksum === null ? handle : handle.slice(0, hash);
  const slash = file.lastIndexOf('/');
  const [folder, name] = [file.slice(0, slash), file.slice(slash + 1)];
  if (slash < 1 || !NAME.test(name))
    throw new CheckpointStorageError('STATE_NOT_FOUND', `'${handle}' is no handle of stored state`);
  return { folder, name, checksum };
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
