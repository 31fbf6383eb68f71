// A job file whose graph is built in its default export `main(args)` must also run under plain `node` or `tsx`, where nobody calls it. So
// once such a process has nothing left to do and no job was executed, the main module's default export is called. A module
// that calls execute at its top level never gets here.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { hasExecutedLocally } from './executor.ts';

/** Idempotent in effect: `beforeExit` handlers run once, and only the first finds the job not executed. */
export function runMainBeforeExit(): void {
  if (!isMainThread) return;
  process.once('beforeExit', () => {
    if (hasExecutedLocally()) return;
    callMain().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  });
}

async function callMain(): Promise<void> {
  const main = await mainExport();
  if (typeof main === 'function') await main(process.argv.slice(2));
}

async function mainExport(): Promise<unknown> {
  const script = process.argv[1];
  if (script === undefined || !fs.existsSync(script)) return undefined;
  const file = fs.realpathSync(script);
  // A CommonJS main module must not be imported: that would run it a second time as another module.
  const required = createRequire(import.meta.url).cache[file];
  if (required) return (required.exports as { default?: unknown } | null)?.default;
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  return module.default;
}
