// `npm run bench [-- names…]`: builds the product as it ships (dist/), bundles the benches beside it with the same settings, and runs them
// with plain Node. So every hot loop is the code that users run, not what a TypeScript loader makes of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
await import('../scripts/build.mjs');
// Directly below the package's root, as dist/ is: the product finds its own files from there.
const outdir = path.join(root, '.sluice-bench');
await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'bench/main.ts',
    measureProcess: 'bench/measureProcess.ts',
    soakProbe: 'bench/soakProbe.ts',
    stateThread: 'bench/stateThread.ts',
    planWorker: 'src/client/planWorker.ts',
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
});
const child = spawn(
  process.execPath,
  ['--enable-source-maps', path.join(outdir, 'main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// Ctrl-C reaches the child by itself, other signals by this process; it puts away what it started, and this process waits for it.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const [code] = await once(child, 'exit');
process.exitCode = code ?? 1;
