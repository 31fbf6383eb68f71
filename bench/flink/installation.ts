// A real Flink on this machine, fetched once from PyPI (its distribution is packed for PyFlink there) into a cache folder, or the one that FLINK_HOME
// names; and the bench's jobs, compiled against it. The folder appears whole or not at all. Where something is missing the error says what.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.ts';

export const FLINK_VERSION = '2.3.0';
const DISTRIBUTION = `apache-flink-libraries==${FLINK_VERSION}`;
/** About 330 MB. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
const TOOL_TIMEOUT_MS = 60_000;

const run = promisify(execFile);

/** Folder with Flink's jars. */
export async function installFlink(): Promise<string> {
  await needs('javac', ['-version'], 'a Java development kit, 17 or newer');
  const home = process.env.FLINK_HOME;
  if (home !== undefined) return path.join(home, 'lib');
  const cacheDir = path.join(os.homedir(), '.cache', 'sluice');
  const lib = path.join(cacheDir, `flink-${FLINK_VERSION}`);
  if (fs.existsSync(lib)) return lib;
  await needs('pip', ['--version'], 'pip, or an unpacked Flink that FLINK_HOME names');
  fs.mkdirSync(cacheDir, { recursive: true });
  const folder = fs.mkdtempSync(path.join(cacheDir, 'flink-'));
  try {
    // `--no-deps`: only the jars are wanted, nothing of PyFlink.
    const download = ['download', '--quiet', '--no-deps', '--no-binary', ':all:', '--dest', folder, DISTRIBUTION];
    await run('pip', download, { timeout: DOWNLOAD_TIMEOUT_MS });
    const archive = fs.readdirSync(folder).find((name) => name.endsWith('.tar.gz'));
    if (archive === undefined) throw new Error(`pip downloaded ${fs.readdirSync(folder).join(', ')}, no archive`);
    const unpack = ['-xzf', archive, '--wildcards', '*/deps/lib/*'];
    await run('tar', unpack, { cwd: folder, timeout: TOOL_TIMEOUT_MS });
    fs.renameSync(path.join(folder, archive.replace('.tar.gz', ''), 'deps', 'lib'), lib);
    return lib;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles the bench's jobs; resolves with the jar. `folder`: for what it makes. */
export async function compileJobs(lib: string, folder: string): Promise<string> {
  const source = path.join(packageRoot, 'bench', 'flink', 'BenchJobs.java');
  const classes = path.join(folder, 'classes');
  const jar = path.join(folder, 'bench-jobs.jar');
  await run('javac', ['-cp', path.join(lib, '*'), '-d', classes, source], { timeout: TOOL_TIMEOUT_MS });
  await run('jar', ['--create', '--file', jar, '-C', classes, '.'], { timeout: TOOL_TIMEOUT_MS });
  return jar;
}

async function needs(command: string, args: readonly string[], what: string): Promise<void> {
  try {
    await run(command, args, { timeout: TOOL_TIMEOUT_MS });
  } catch (error) {
    throw new Error(`the comparison with Flink needs ${what}: ${(error as Error).message}`, { cause: error });
  }
}
