// Deletes a savepoint that its owner needs no more: the files that its manifest names, and the manifest last, so that what was cut short can be
// asked for again. A retained checkpoint may share files with others, so it is not deleted this way.
import { decodeManifest } from '../codec/manifest.ts';
import { folderOfPlace, isPlace } from '../core/checkpointConfig.ts';
import { type CheckpointStorage, fileOfHandle, MANIFEST } from '../ports/checkpointStorage.ts';

/** Rejects with an error that says why it is none, or could not be deleted. */
export async function disposeSavepoint(storage: CheckpointStorage | null, path: string): Promise<void> {
  if (storage === null) throw new Error('This cluster has no checkpoint storage.');
  if (!isPlace(path)) throw new Error(`'${path}' is no savepoint: name its absolute path or URI.`);
  const folder = folderOfPlace(path);
  const { purpose, states } = decodeManifest(await storage.read(`${folder}/${MANIFEST}`));
  if (purpose !== 'SAVEPOINT' && purpose !== 'STOP')
    throw new Error(`${folder} is a checkpoint, which may share files with others: delete the job's folder instead.`);
  const files = states.flatMap(({ handle, shared }) => [handle, ...shared]).map(fileOfHandle);
  const names = new Set(files.filter((name) => !name.includes('/')));
  await storage.remove(folder, [...names]);
  await storage.remove(folder, [MANIFEST]);
}
