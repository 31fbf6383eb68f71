// Writes the declarations of what the package exports into dist/types: those of the entries and of what they lead to, and no others.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const types = path.join(root, 'dist', 'types');
fs.rmSync(types, { recursive: true, force: true });
const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
const tsc = path.join(path.dirname(manifest), JSON.parse(fs.readFileSync(manifest, 'utf8')).bin.tsc);
execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.types.json')], { cwd: root, stdio: 'inherit' });

const reached = new Set();
const visit = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, , relative] of fs.readFileSync(file, 'utf8').matchAll(/(from |import\()['"](\.[^'"]+)\.ts['"]/g))
    visit(path.resolve(path.dirname(file), `${relative}.d.ts`));
};
visit(path.join(types, 'index.d.ts'));
visit(path.join(types, 'client', 'index.d.ts'));
for (const connector of fs.readdirSync(path.join(types, 'connectors'), { withFileTypes: true }))
  if (connector.isDirectory()) visit(path.join(types, 'connectors', connector.name, 'index.d.ts'));
for (const entry of fs.readdirSync(types, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  if (entry.isFile() && !reached.has(file)) fs.rmSync(file);
}
// Deepest first: what held only such files is empty now.
const folders = fs.readdirSync(types, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const folder of folders
  .map(({ parentPath, name }) => path.join(parentPath, name))
  .sort((a, b) => b.length - a.length))
  if (fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
