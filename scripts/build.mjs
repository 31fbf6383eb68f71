// Bundles src/ into dist/: the API (index), the client library, the CLI (main), the demo, the worker entries and the connectors. Dependencies stay
// external. The web UI (dist/ui) has its own within, as a browser needs them; its files are named by their content, so that they may be cached.
// What an earlier build left is removed at the end, so that a process that runs from dist/ is not cut off meanwhile.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
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
const webUi = {
  ...options,
  outdir: 'dist/ui',
  entryPoints: { app: 'src/ui/main.tsx', style: 'src/ui/style.css', icon: 'src/ui/icon.svg' },
  entryNames: '[name]-[hash]',
  loader: { '.svg': 'copy' },
  jsx: 'automatic',
  jsxImportSource: 'preact',
  platform: 'browser',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  packages: 'bundle',
  minify: true,
  sourcemap: false,
  metafile: true,
};
/** What the web UI may weigh as it is sent, compressed: it is read over slow links, too. */
const MAX_WEB_UI_BYTES = 45_000;

const builds = [
  build({ ...options, entryPoints: entries, splitting: true }),
  build({ ...options, entryPoints: connectors }),
  build(webUi).then(withPage),
];
const outputFiles = (await Promise.all(builds)).flatMap((result) => result.outputFiles);
const dist = path.join(root, 'dist');
fs.mkdirSync(path.join(dist, 'ui'), { recursive: true });
for (const { path: file, contents } of outputFiles) {
  if (fs.existsSync(file) && fs.readFileSync(file).equals(contents)) continue;
  // Whole or not at all, for a process that starts meanwhile.
  fs.writeFileSync(`${file}.${process.pid}.tmp`, contents);
  fs.renameSync(`${file}.${process.pid}.tmp`, file);
}
const built = new Set(outputFiles.map(({ path: file }) => file));
for (const folder of [dist, path.join(dist, 'ui')]) {
  for (const { name } of fs.readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile())) {
    if (!built.has(path.join(folder, name))) fs.rmSync(path.join(folder, name), { force: true });
  }
}
fs.chmodSync(path.join(dist, 'main.js'), 0o755);

/** Adds the page that names the files as they were built. */
function withPage({ outputFiles: files, metafile }) {
  const outputs = Object.entries(metafile.outputs);
  const built = ({ entryPoints }, name) => {
    const [output] = outputs.find(([, { entryPoint }]) => entryPoint === entryPoints[name]);
    return path.basename(output);
  };
  const page = fs
    .readFileSync(path.join(root, 'src/ui/index.html'), 'utf8')
    .replace('{{script}}', built(webUi, 'app'))
    .replace('{{style}}', built(webUi, 'style'))
    .replace('{{icon}}', built(webUi, 'icon'));
  const outputFiles = [...files, { path: path.join(root, 'dist/ui/index.html'), contents: Buffer.from(page) }];
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
  if (bytes > MAX_WEB_UI_BYTES)
    throw new Error(`The web UI has ${bytes} bytes compressed; it may have ${MAX_WEB_UI_BYTES}.`);
  return { outputFiles };
}
