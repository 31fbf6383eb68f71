// Runs a bundled job's module up to `execute` to get its graph: at the client to plan it, in each slot to run it. What comes after
// `await execute(…)` never runs, because that promise never resolves here. Several jobs may be rebuilt in one thread at the same
// time; each module instance is kept by Node for the life of the thread, so callers rebuild once a job, not once a task.
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../packageRoot.ts';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';
import { ApiError } from './apiError.ts';
import { type BundleHeader, parseBundleHeader } from './bundleHeader.ts';
import { inContext, type JobContext } from './executor.ts';
import { JobModuleError } from './jobModuleError.ts';
import * as publicApi from './publicApi.ts';

/** How long a module may take to call execute. */
export const DEFAULT_REBUILD_TIMEOUT_MS = 60_000;
/** After the module has ended: how long work that it did not wait for may take to call execute. */
const UNAWAITED_EXECUTE_GRACE_MS = 1_000;
const MAX_HEADER_BYTES = 16_384;
/** Stack frames that are not the job's: Node's, and those of this package in either form. */
const OWN_FRAMES = ['node:', path.join(packageRoot, 'src', path.sep), path.join(packageRoot, 'dist', path.sep)];

export interface RebuildOptions {
  /** A file that bundleJob made. */
  readonly bundlePath: string;
  /** For main(args). */
  readonly args: readonly string[];
  /** Default parallelism of the environment. */
  readonly parallelism: number;
  /** Unique to the job: gives it a module instance of its own. */
  readonly instance: string;
  /** JobGraph.hash that the result must have. */
  readonly expectedHash?: string | undefined;
  /** Default: DEFAULT_REBUILD_TIMEOUT_MS. Cannot interrupt a module that blocks its thread. */
  readonly timeoutMs?: number | undefined;
}

/** Rejects with a JobModuleError: THREW, NEVER_EXECUTED, EXECUTE_TWICE, NOT_DETERMINISTIC, TIMED_OUT, FILE_NOT_FOUND. */
export async function rebuildJob(options: RebuildOptions): Promise<ExecutableJob> {
  // Bundles import 'sluice' from here; every rebuild of a thread sets the same object.
  Object.assign(globalThis, { [Symbol.for('sluice.api')]: publicApi });
  process.setSourceMapsEnabled(true);
  const header = await readHeader(options.bundlePath);
  const job = await runToExecute(options, header);
  const { expectedHash } = options;
  if (expectedHash !== undefined && job.graph.hash !== expectedHash) {
    throw new JobModuleError(
      'NOT_DETERMINISTIC',
      `${header.name} built another graph here (hash ${job.graph.hash.slice(0, 12)}) than when it was submitted (${expectedHash.slice(0, 12)}). ` +
        'A job must build the same graph each time: let it depend on its arguments alone, not on time, chance, environment variables or files.',
    );
  }
  return job;
}

/** What to say of a module that ended without execute; also where its thread ended before it could say so itself. */
export function neverExecuted(name: string): JobModuleError {
  return new JobModuleError(
    'NEVER_EXECUTED',
    `${name} ended without calling execute, so there is no job to run. End its top level or its default export main(args) with: await env.execute('name').`,
  );
}

/** What to say of a module that used up its time. */
export function timedOut(name: string, timeoutMs: number): JobModuleError {
  return new JobModuleError(
    'TIMED_OUT',
    `${name} did not call execute within ${timeoutMs / 1_000} s. While its graph is built a job must not wait or compute; do the work in its operators.`,
  );
}

function runToExecute(options: RebuildOptions, { name, baseDir }: BundleHeader): Promise<ExecutableJob> {
  const { args, parallelism, timeoutMs = DEFAULT_REBUILD_TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    let job: ExecutableJob | null = null;
    let grace: NodeJS.Timeout | undefined;
    const settle = (outcome: () => void): void => {
      clearTimeout(limit);
      clearTimeout(grace);
      outcome();
    };
    const fail = (error: JobModuleError): void => settle(() => reject(error));
    // Unreferenced, so that a planner's thread ends when the module has nothing left to do.
    const limit = setTimeout(() => fail(timedOut(name, timeoutMs)), timeoutMs).unref();

    const context: JobContext = {
      parallelism,
      baseDir,
      execute(build) {
        if (job) {
          fail(
            new JobModuleError(
              'EXECUTE_TWICE',
              `${name} called execute twice. A file is one job: put the second into a file of its own.`,
            ),
          );
        } else {
          try {
            job = build();
            // One turn later: a second call, or an error right after the first, must still be seen.
            const built = job;
            setImmediate(() => settle(() => resolve(built)));
          } catch (error) {
            fail(threw(name, error));
          }
        }
        return new Promise(() => {});
      },
    };
    const run = async (): Promise<void> => {
      const url = `${pathToFileURL(options.bundlePath).href}?instance=${encodeURIComponent(options.instance)}`;
      const module = (await import(/* @vite-ignore */ url)) as { default?: unknown };
      if (job === null && typeof module.default === 'function') await module.default([...args]);
    };
    inContext(context, run).then(
      () => {
        if (job === null) grace = setTimeout(() => fail(neverExecuted(name)), UNAWAITED_EXECUTE_GRACE_MS).unref();
      },
      (error: unknown) => fail(threw(name, error)),
    );
  });
}

/** The error with the frames of the job's own code. */
export function threw(name: string, error: unknown): JobModuleError {
  if (!(error instanceof Error))
    return new JobModuleError('THREW', `${name} threw ${String(error)} while its graph was built.`);
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !OWN_FRAMES.some((own) => line.includes(own)));
  const summary = error instanceof ApiError ? error.message : `${error.name}: ${error.message}`;
  const place = frames[0] ? ` (${frames[0].trim()})` : '';
  return new JobModuleError('THREW', `${name} threw while its graph was built: ${summary}${place}`, {
    cause: error,
    userStack: [`${error.name}: ${error.message}`, ...frames].join('\n'),
  });
}

async function readHeader(bundlePath: string): Promise<BundleHeader> {
  let start: string;
  try {
    const file = await fs.open(bundlePath);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
      start = buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new JobModuleError(
      'FILE_NOT_FOUND',
      `The job bundle ${bundlePath} cannot be read: ${(error as Error).message}.`,
      { cause: error },
    );
  }
  return parseBundleHeader(start, bundlePath);
}
