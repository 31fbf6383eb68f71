// The rules of the code that a machine can check: who may import whom, how long a file may be, how it starts, what is left unused.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.dirname(import.meta.dirname);
const MAX_LINES = 300;
/** Files past the limit, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};
/** The only files that name adapters. */
const WIRING = ['src/main.ts', 'src/wiring.ts', 'src/checkpointWiring.ts', 'src/localWiring.ts'];
/** What stands beside the core and goes into jobs, with the adapter whose protocol code it shares rather than repeats. */
const CONNECTORS: Readonly<Record<string, string>> = { 'src/connectors/kafka/': 'src/adapters/kafka/' };
const FORBIDDEN_FOLDERS = ['utils', 'helpers', 'common', 'misc'];

interface Source {
  readonly file: string;
  readonly text: string;
  /** Module specifiers; relative ones as paths from the root. */
  readonly imports: readonly string[];
}

function sources(folder: string): Source[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.gen.ts') && !file.endsWith('.d.ts'))
    .map((name) => {
      const file = path.posix.join(folder, name);
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
      const imports = specifiers.map((name) =>
        name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name,
      );
      return { file, text, imports };
    });
}

function sharedWith(file: string, adapter: string): boolean {
  return Object.entries(CONNECTORS).some(([from, to]) => file.startsWith(from) && adapter.startsWith(to));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

const src = sources('src');

describe('the source', () => {
  it('core/ imports only core/, and never awaits, logs, or reads a clock', () => {
    const core = src.filter(({ file }) => file.startsWith('src/core/'));
    expect(core.length).toBeGreaterThan(10);
    const wrong = core.flatMap(({ file, text, imports }) => [
      ...imports.filter((name) => !name.startsWith('src/core/')).map((name) => `${file} imports ${name}`),
      ...(
        withoutComments(text).match(
          /\b(await|async|Promise|console|Date|Math\.random|performance|setTimeout|process)\b/g,
        ) ?? []
      ).map((word) => `${file} uses ${word}`),
    ]);
    expect(wrong).toEqual([]);
  });

  it('ports/ imports only core/ types and ports/', () => {
    const wrong = src
      .filter(({ file }) => file.startsWith('src/ports/'))
      .flatMap(({ file, imports }) =>
        imports
          .filter((name) => !name.startsWith('src/core/') && !name.startsWith('src/ports/'))
          .map((name) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('names adapters only in the wiring', () => {
    const wrong = src
      .filter(({ file }) => !file.startsWith('src/adapters/') && !WIRING.includes(file))
      .flatMap(({ file, imports }) =>
        imports
          .filter((name) => name.startsWith('src/adapters/') && !sharedWith(file, name))
          .map((name) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it(`keeps files within ${MAX_LINES} lines, or gives a reason here`, () => {
    const long = src.filter(({ text }) => text.split('\n').length > MAX_LINES + 1).map(({ file }) => file);
    expect(long.filter((file) => LONG_FILES[file] === undefined)).toEqual([]);
    expect(Object.keys(LONG_FILES).filter((file) => !long.includes(file))).toEqual([]);
  });

  it('starts each file with a paragraph that says what it is for', () => {
    const bare = src.filter(({ text }) => !/^(#!.*\n)?(\/\/ |\/\*\*)/.test(text)).map(({ file }) => file);
    expect(bare).toEqual([]);
  });

  it('has no catch-all folders, no TODO without a reason, no skipped or focused tests', () => {
    const everything = [...src, ...sources('test')];
    const folders = everything.filter(({ file }) => file.split('/').some((part) => FORBIDDEN_FOLDERS.includes(part)));
    expect(folders.map(({ file }) => file)).toEqual([]);
    const debris = everything
      .filter(({ file }) => file !== 'test/style.test.ts')
      .filter(({ text }) => /\b(TODO|FIXME|XXX)\b|\b(it|describe|test)\.(only|skip)\(/.test(text))
      .map(({ file }) => file);
    expect(debris).toEqual([]);
  });

  it('leaves no export and no dependency unused', () => {
    const knip = path.join(root, 'node_modules/knip/bin/knip.js');
    const output = (() => {
      try {
        return execFileSync(process.execPath, [knip, '--no-progress', '--reporter', 'compact'], {
          cwd: root,
          encoding: 'utf8',
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    })();
    expect(output.trim()).toBe('');
  });
});
