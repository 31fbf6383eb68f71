// A real S3-compatible server on loopback for a test file: installed once from its own lock file into the cache folder, in seconds, and started
// for each file that asks. It ends with `stop`, or with the process that started it.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const INSTALL_TIMEOUT_MS = 50_000;
const here = import.meta.dirname;

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const installed = install();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-s3-'));
  const bucket = 'state';
  const server = spawn(process.execPath, [path.join(here, 'serve.mjs'), installed, directory, bucket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (line: Buffer) => resolve(String(line).trim()));
    ended.then(() => reject(new Error('the S3 server ended before it served')));
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    // What this server takes.
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    async stop() {
      server.stdin.end();
      await ended;
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The folder appears under its name when it is whole; of two that install at once the first wins. */
function install(): string {
  const lock = fs.readFileSync(path.join(here, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = path.join(os.homedir(), '.cache', 'sluice', `s3-server-${version}`);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const scratch = fs.mkdtempSync(`${folder}-`);
  for (const name of ['package.json', 'package-lock.json'])
    fs.copyFileSync(path.join(here, name), path.join(scratch, name));
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: scratch,
    timeout: INSTALL_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    fs.renameSync(scratch, folder);
  } catch (error) {
    if (!fs.existsSync(folder)) throw error;
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}
