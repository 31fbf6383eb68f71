// Makes one self-contained ES module of a job's file: TypeScript compiled, npm dependencies and connectors inside, Node's own modules and 'sluice' outside.
// 'sluice' becomes a reference to the API of the process that runs the bundle. The bytes depend on the sources and the base folder
// alone, so submitting the same job again stores nothing new.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message, Plugin } from 'esbuild';
import { formatBundleHeader } from '../api/bundleHeader.ts';
import { JobModuleError } from '../api/jobModuleError.ts';
import * as publicApi from '../api/publicApi.ts';
import { connectorFile } from '../packageRoot.ts';

/** Compile errors shown; the rest are counted. */
const MAX_SHOWN_ERRORS = 5;

export interface JobBundle {
  readonly bytes: Uint8Array;
  /** File name of the job. */
  readonly name: string;
  /** Of the bytes, in hex. */
  readonly sha256: string;
}

export interface BundleOptions {
  /** Folder that relative paths in the job stand for. Default: the working folder. */
  readonly baseDir?: string | undefined;
}

/** Rejects with a JobModuleError: FILE_NOT_FOUND, or DOES_NOT_COMPILE with the place and the line of each error. */
export async function bundleJob(file: string, options: BundleOptions = {}): Promise<JobBundle> {
  const baseDir = path.resolve(options.baseDir ?? '.');
  const entry = await resolveEntry(path.resolve(file), file);
  const name = path.basename(entry);
  // Imported late: only the commands that bundle pay for it.
  const { build } = await import('esbuild');
  try {
    const result = await build({
      absWorkingDir: path.dirname(entry),
      entryPoints: [entry],
      outfile: path.join(path.dirname(entry), `${name}.bundle.mjs`),
      write: false,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      sourcesContent: false,
      // A path that ends in a slash: the one form that Node and other readers of source maps join with the file's name alike.
      sourceRoot: `${pathToFileURL(path.dirname(entry)).pathname}/`,
      banner: { js: `${formatBundleHeader({ name, baseDir })}\n${REQUIRE_SLOT}` },
      plugins: [sluiceModule, noNativeAddons, ownPlace],
      logLevel: 'silent',
    });
    const text = result.outputFiles[0]!.text;
    // esbuild calls `require` only for CommonJS dependencies; then a job's own `require` has been renamed and this one is free.
    const bytes = Buffer.from(text.includes('typeof require') ? text.replace(REQUIRE_SLOT, REQUIRE_SHIM) : text);
    return { bytes, name, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    throw new JobModuleError('DOES_NOT_COMPILE', compileErrors(file, errors, path.dirname(entry)), { cause: error });
  }
}

const REQUIRE_SLOT = '/* no CommonJS inside */';
const REQUIRE_SHIM =
  "import { createRequire as __sluiceRequire } from 'node:module'; const require = __sluiceRequire(import.meta.url);";

async function resolveEntry(absolute: string, given: string): Promise<string> {
  const stats = await fs.stat(absolute).catch((error: NodeJS.ErrnoException) => {
    const what =
      error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${error.message}`;
    throw new JobModuleError(
      'FILE_NOT_FOUND',
      `The job file ${given} ${what}. Name the TypeScript or JavaScript file of the job.`,
      { cause: error },
    );
  });
  if (stats.isFile()) return fs.realpath(absolute);
  throw new JobModuleError('FILE_NOT_FOUND', `${given} is no file. Name the TypeScript or JavaScript file of the job.`);
}

function compileErrors(file: string, errors: readonly Message[], dir: string): string {
  const shown = errors.slice(0, MAX_SHOWN_ERRORS).map(({ text, location, notes }) => {
    const hint = notes.map((note) => `\n    ${note.text}`).join('');
    if (!location) return `  ${text}${hint}`;
    const place = path.relative(process.cwd(), path.resolve(dir, location.file));
    return `  ${place}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}${hint}`;
  });
  const rest = errors.length - shown.length;
  return [`${file} does not compile:`, ...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
}

const sluiceModule: Plugin = {
  name: 'sluice',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^sluice$/ }, () => ({ path: 'sluice', namespace: 'sluice' }));
    // Connectors are part of the bundle, with what they depend on, from the package that bundles.
    onResolve({ filter: /^sluice\/(kafka|files|nats)$/ }, ({ path: name }) => ({
      path: connectorFile(name.slice('sluice/'.length)),
    }));
    onLoad({ filter: /.*/, namespace: 'sluice' }, () => ({
      loader: 'js',
      contents: [
        "const api = globalThis[Symbol.for('sluice.api')];",
        "if (!api) throw new Error('This file is a bundled Sluice job: it runs on a cluster only. Run its source instead.');",
        ...Object.keys(publicApi).map((name) => `export const ${name} = api.${name};`),
      ].join('\n'),
    }));
  },
};

const noNativeAddons: Plugin = {
  name: 'no-native-addons',
  setup({ onResolve }) {
    onResolve({ filter: /\.node$/ }, ({ path: addon, importer }) => ({
      errors: [
        {
          text: `The native addon ${addon} (imported by ${path.relative(process.cwd(), importer)}) cannot be part of a job bundle. Use a dependency written in JavaScript or WebAssembly.`,
        },
      ],
    }));
  },
};

/** Keeps `import.meta.url` and its like pointing at the source file, since data next to a job is found that way. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup({ onLoad, initialOptions }) {
    const values = { url: 'u', filename: 'f', dirname: 'd' };
    initialOptions.define = Object.fromEntries(
      Object.keys(values).map((property) => [`import.meta.${property}`, `__sluice_${property}`]),
    );
    onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path: file, namespace }) => {
      if (namespace !== 'file') return undefined;
      const source = await fs.readFile(file, 'utf8');
      const place = [];
      if (source.includes('import.meta')) {
        place.push(
          ['__sluice_url', pathToFileURL(file).href],
          ['__sluice_filename', file],
          ['__sluice_dirname', path.dirname(file)],
        );
      }
      for (const [name, value] of [
        ['__dirname', path.dirname(file)],
        ['__filename', file],
      ] as const) {
        if (source.includes(name) && !new RegExp(`\\b(const|let|var)\\s+${name}\\b`).test(source))
          place.push([name, value]);
      }
      if (place.length === 0) return undefined;
      // On the first line, so that line numbers stay; after a `#!` line or a directive, which must come first.
      const at = /^(#![^\n]*\n)?\s*(['"]use strict['"];?)?/.exec(source)![0].length;
      const declarations = place.map(([name, value]) => `var ${name} = ${JSON.stringify(value)};`).join(' ');
      return {
        contents: `${source.slice(0, at)}${declarations}${source.slice(at)}`,
        loader: LOADERS[path.extname(file)] ?? 'js',
      };
    });
  },
};

const LOADERS: Readonly<Record<string, 'ts' | 'tsx' | 'jsx'>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
};
