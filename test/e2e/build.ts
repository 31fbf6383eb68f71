// Builds dist/ once before the tests of a run, as `npm run build` does; takes a fraction of a second.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export default function setup(): void {
  const root = path.dirname(path.dirname(import.meta.dirname));
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
