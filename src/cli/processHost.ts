// What every process of a cluster does around its own work: its log, its entry in the cluster's folder, its word to the command that
// started it, an orderly stop on SIGTERM, and an end on anything unexpected, so that no process is ever half alive.
import type { Logger as PinoLogger } from 'pino';
import { type Config, loadConfig } from '../config.ts';
import { ClusterDir, type ProcessEntry, type ProcessKind } from './clusterDir.ts';
import type { LaunchReport } from './launch.ts';
import { openLogFile } from './logging.ts';
import { ownStartTime } from './processIdentity.ts';

/** An orderly stop that takes longer ends the process all the same. */
const STOP_TIMEOUT_MS = 8_000;

export interface HostedProcess {
  readonly rest: string | null;
  readonly slots: number | null;
  stop(reason: string): Promise<void>;
}

export interface HostContext {
  readonly id: string;
  readonly dir: ClusterDir;
  readonly config: Config;
  readonly logger: PinoLogger;
  /** Ends the process because it cannot go on. */
  readonly onFailure: (error: Error) => void;
}

export interface HostOptions {
  readonly kind: ProcessKind;
  readonly id: string;
  readonly dir: string;
  /** The request of the cluster that it was started for; null: a person started it. */
  readonly requestId: string | null;
  /** `key=value`, over the folder's configuration. */
  readonly overrides: readonly string[];
}

/** Runs until stopped; then ends the process. */
export async function hostProcess(
  options: HostOptions,
  start: (context: HostContext) => Promise<HostedProcess>,
): Promise<void> {
  const { id, kind, requestId } = options;
  const dir = new ClusterDir(options.dir);
  dir.create();
  let logger: PinoLogger | null = null;
  let entry: ProcessEntry = {
    id,
    kind,
    pid: process.pid,
    startedAt: await ownStartTime(),
    rest: null,
    slots: null,
    requestId,
  };
  let hosted: HostedProcess | null = null;
  let ending = false;

  const end = (exitCode: number): never => {
    dir.removeEntry(entry);
    process.exit(exitCode);
  };
  const fail = (error: unknown): void => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    if (logger) logger.fatal({ error: stack }, message);
    else console.error(stack);
    // While it starts, the one who waits gets the reason.
    report({ kind: 'failed', message }, () => end(1));
  };
  const stop = (reason: string): void => {
    if (ending) return;
    ending = true;
    logger?.info({ reason }, 'stopping');
    setTimeout(() => {
      logger?.fatal({}, `the orderly stop took longer than ${STOP_TIMEOUT_MS} ms; the process ends without it`);
      end(1);
    }, STOP_TIMEOUT_MS).unref();
    (hosted?.stop(reason) ?? Promise.resolve()).then(() => {
      logger?.info({}, 'stopped');
      end(0);
    }, fail);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  // The terminal that started it may close.
  process.on('SIGHUP', () => {});

  try {
    dir.writeEntry(entry);
    const config = loadConfig(dir.existingConfigFile, options.overrides);
    logger = openLogFile(dir.logFile(id), config['log.level'], id);
    logger.info({ kind, dir: dir.path, node: process.version }, 'starting');
    hosted = await start({ id, dir, config, logger, onFailure: fail });
  } catch (error) {
    fail(error);
    return;
  }
  if (ending) {
    // A signal came while it started, before there was anything to stop.
    ending = false;
    stop('SIGTERM');
    return;
  }
  entry = { ...entry, rest: hosted.rest, slots: hosted.slots };
  dir.writeEntry(entry);
  logger.info({ rest: hosted.rest, slots: hosted.slots, startMs: Math.round(performance.now()) }, 'started');
  report({ kind: 'started', entry }, () => {});
}

/** Tells the starting command, if it is still there, and lets go of it. */
function report(message: LaunchReport, then: () => void): void {
  if (process.send === undefined || !process.connected) {
    then();
    return;
  }
  process.send(message, undefined, undefined, () => {
    if (process.connected) process.disconnect();
    then();
  });
}
