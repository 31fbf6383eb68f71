// Where a savepoint is, as a person names it: a URI or absolute path stands, a relative path is meant from where the command runs.
import path from 'node:path';
import { isPlace } from '../core/checkpointConfig.ts';

export function placeOf(name: string): string {
  return isPlace(name) ? name : path.resolve(name);
}
