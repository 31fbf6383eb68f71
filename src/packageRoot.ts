// Where the package's own files (topics/, schemas/, dist/) lie, for src/ run through a loader and for the bundles in dist/ alike.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the folder that holds package.json. Holds because bundles lie directly in dist/ and this file directly in src/. */
export const packageRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The module behind `sluice/<connector>`, as the running code's form has it. */
export function connectorFile(connector: string): string {
  return import.meta.url.endsWith('.ts')
    ? path.join(packageRoot, 'src', 'connectors', connector, 'index.ts')
    : path.join(packageRoot, 'dist', `${connector}.js`);
}
