// The simulation as one module, bundled from the sources: it starts at once in any number of threads, and a bug can be planted in a copy
// of a source file without a seam in the product.
import fs from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = path.dirname(path.dirname(import.meta.dirname));
/** Ignored by git, and directly below the root, where the product finds its topics from. */
const FOLDER = path.join(root, `.sluice-simulation-${process.pid}`);

/** A bug: in this file of src/, what stands there once is replaced. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** No bug: every decision goes into as many Commits as it has events, nearly, and any of them may be the last before a crash. */
export const SPLIT_DECISIONS: Patch = {
  file: 'src/core/decide.ts',
  find: 'MAX_COMMIT_WEIGHT = 2_000_000',
  replace: 'MAX_COMMIT_WEIGHT = 150',
};

let bundles = 0;

/** The path of the bundle. Rejects where a patch does not fit, so that none outlives the code that it was made for. */
export async function bundleSimulation(patches: readonly Patch[] = []): Promise<string> {
  const outfile = path.join(FOLDER, `simulation-${++bundles}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: ['test/simulation/seedThread.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    plugins: [planting(patches)],
  });
  return outfile;
}

export async function removeBundles(): Promise<void> {
  await fs.rm(FOLDER, { recursive: true, force: true });
}

function planting(patches: readonly Patch[]): Plugin {
  return {
    name: 'planting',
    setup({ onLoad, onEnd }) {
      const planted = new Set<Patch>();
      for (const file of new Set(patches.map((patch) => patch.file))) {
        const full = path.join(root, file);
        onLoad({ filter: new RegExp(`${escaped(full)}$`) }, async () => {
          let contents = await fs.readFile(full, 'utf8');
          for (const patch of patches.filter((other) => other.file === file)) {
            if (contents.split(patch.find).length !== 2)
              throw new Error(`${file} does not hold exactly once what a bug is to be planted in: ${patch.find}`);
            contents = contents.replace(patch.find, () => patch.replace);
            planted.add(patch);
          }
          return { contents, loader: 'ts' };
        });
      }
      onEnd(() => {
        const left = patches.find((patch) => !planted.has(patch));
        return left === undefined ? {} : { errors: [{ text: `${left.file} is no part of the simulation` }] };
      });
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
