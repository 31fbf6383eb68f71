// Bundles src/ into dist/: the API (index), the client library, the CLI (main), the demo, the worker entries and the connectors. Dependencies stay
// external. What an earlier build left is removed at the end, so that a process that runs from dist/ is not cut off meanwhile.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const entries = {
  index: 'src/index.ts',
  client: 'src/client/index.ts',
  main: 'src/main.ts',
  demo: 'src/demo/main.ts',
  planWorker: 'src/client/planWorker.ts',
  slotThread: 'src/adapters/threads/slotThread.ts',
};
/** Each by itself: they go into the bundles of jobs, and a file shared with the rest would bring it along. */
const connectors = {
  kafka: 'src/connectors/kafka/index.ts',
  files: 'src/connectors/files/index.ts',
  nats: 'src/connectors/nats/index.ts',
};
const options = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
  write: false,
};
const builds = [
  build({ ...options, entryPoints: entries, splitting: true }),
  build({ ...options, entryPoints: connectors }),
];
const outputFiles = (await Promise.all(builds)).flatMap((result) => result.outputFiles);
const dist = path.join(root, 'dist');
fs.mkdirSync(dist, { recursive: true });
for (const { path: file, contents } of outputFiles) {
  if (fs.existsSync(file) && fs.readFileSync(file).equals(contents)) continue;
  // Whole or not at all, for a process that starts meanwhile.
  fs.writeFileSync(`${file}.${process.pid}.tmp`, contents);
  fs.renameSync(`${file}.${process.pid}.tmp`, file);
}
const built = new Set(outputFiles.map(({ path: file }) => path.basename(file)));
for (const file of fs.readdirSync(dist, { withFileTypes: true })) {
  if (file.isFile() && !built.has(file.name)) fs.rmSync(path.join(dist, file.name), { force: true });
}
fs.chmodSync(path.join(dist, 'main.js'), 0o755);
