// The commands and their options. Each command's own code is loaded when it runs.
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CliError } from './cliError.ts';

const USAGE_EXIT_CODE = 2;
const MAX_WIDTH = 80;
const MAX_PRIORITY = 1_000_000;

/** Runs one command; resolves with the exit code. Failures are told in one line on standard error. */
export async function runProgram(args: readonly string[], version: string): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(version, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has told what is wrong by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    printError(error, args.includes('--verbose'));
    return error instanceof CliError ? error.exitCode : 1;
  }
}

function printError(error: unknown, verbose: boolean): void {
  if (!(error instanceof Error)) {
    console.error(`sluice: ${String(error)}`);
    return;
  }
  for (const line of error.message.split('\n')) console.error(`sluice: ${line}`);
  const { userStack, details } = error as { userStack?: string | null; details?: string | null };
  if (verbose) console.error(userStack ?? details ?? error.stack);
}

function buildProgram(version: string, setExitCode: (code: number) => void): Command {
  const program = new Command('sluice')
    .description('A Flink-style stream processor whose JobManager is an event log.')
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? MAX_WIDTH, MAX_WIDTH) })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'sluice: ')) });

  /** A command with what every command takes. */
  const command = (parent: Command, nameAndArguments: string, description: string): Command =>
    parent
      .command(nameAndArguments)
      .description(description)
      .option('--dir <folder>', "the cluster's folder", '.sluice')
      .option('--verbose', 'show the stack of an error')
      .exitOverride()
      .copyInheritedSettings(parent);

  command(
    program,
    'start-cluster',
    'Start JobManagers and TaskManagers in the background; returns when they are ready.',
  )
    .option('--jobmanagers <n>', 'JobManagers: one leads, the others stand by', count, 2)
    .option('--taskmanagers <n>', 'TaskManagers', countOrZero, 2)
    .option('--slots <n>', 'slots a TaskManager (default: taskmanager.numberOfTaskSlots)', count)
    .option('--config <file>', "configuration; copied into the cluster's folder")
    .option('-D, --define <key=value>', 'set one key of the configuration (repeatable)', collect, [])
    .action(async (options) => (await import('./startCluster.ts')).startCluster(options));
  command(program, 'stop-cluster', 'Stop every process that was started in the folder.').action(async (options) =>
    (await import('./stopCluster.ts')).stopCluster(options),
  );

  const jobManager = program.command('jobmanager').description('Start, stop or show JobManagers.').exitOverride();
  command(jobManager, 'start', 'Start one JobManager in the background.')
    .option('--id <id>', 'such as jm-1 (default: the first that is free)', jobManagerId)
    .action(async (options) => (await import('./singleProcess.ts')).startJobManager(options));
  command(jobManager, 'stop', 'Stop JobManagers in order; a leader hands over first.')
    .option('--id <id>', 'only this one')
    .action(async (options) => (await import('./singleProcess.ts')).stopJobManagers(options));
  command(jobManager, 'status', 'Show who leads and which processes there are.')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./status.ts')).showStatus(options));

  const taskManager = program.command('taskmanager').description('Start or stop TaskManagers.').exitOverride();
  command(taskManager, 'start', 'Start one TaskManager in the background.')
    .option('--slots <n>', 'slots (default: taskmanager.numberOfTaskSlots)', count)
    .action(async (options) => (await import('./singleProcess.ts')).startTaskManager(options));
  command(taskManager, 'stop', 'Stop TaskManagers in order.')
    .option('--id <id>', 'only this one')
    .action(async (options) => (await import('./singleProcess.ts')).stopTaskManagers(options));

  command(taskManager, 'scale', 'Keep at least N TaskManagers, where resourcemanager.driver starts them.')
    .argument('<n>', 'TaskManagers that stay though they idle', countOrZero)
    .action(async (desired: number, options) =>
      (await import('./jobCommands.ts')).setDesiredTaskManagers(desired, options),
    );

  command(
    program,
    'run <file> [args...]',
    'Submit the job in FILE and follow it to its end (Ctrl-C leaves it running).',
  )
    .option('-d, --detached', 'return as soon as the job is submitted')
    .option('-p, --parallelism <n>', 'parallelism of operators that set none', count)
    .option('--priority <n>', 'jobs of a higher one get slots first', whole)
    .option('--start-at <time>', 'not before this time, such as 2026-12-24T18:00:00Z', time)
    .option('--parent <jobId>', 'only if this job has finished')
    .option('--wait', 'wait for the parent instead of being refused')
    .option('-s, --from-savepoint <path>', 'start from this savepoint or retained checkpoint')
    .option('-n, --allow-non-restored-state', 'drop state in it that no operator claims')
    .passThroughOptions()
    .action(async (file: string, args: string[], options) =>
      setExitCode(await (await import('./run.ts')).runJob(file, args, options)),
    );
  command(program, 'list', 'List running and scheduled jobs.')
    .option('-a, --all', 'ended jobs too')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./list.ts')).listJobs(options));
  command(program, 'cancel <jobId>', 'Cancel a job.').action(async (jobId: string, options) =>
    (await import('./cancel.ts')).cancelJob(jobId, options),
  );
  command(program, 'savepoint [jobId] [directory]', 'Take a savepoint of a job, or delete one.')
    .option('-d, --dispose <path>', 'delete this savepoint')
    .action(async (jobId: string | undefined, directory: string | undefined, options) => {
      if (options.dispose !== undefined)
        return (await import('./disposeSavepoint.ts')).disposeSavepoint(options.dispose, options);
      if (jobId === undefined) throw new CliError('BAD_ARGUMENT', 'Name the job, or --dispose PATH.');
      return (await import('./jobCommands.ts')).takeSavepoint(jobId, directory, options);
    });
  command(program, 'stop <jobId>', 'Stop a job behind a savepoint.')
    .option('-p, --savepoint-path <directory>', "where to (default: the cluster's)")
    .option('-d, --drain', 'let event time go to its end first, for a job that will not go on')
    .action(async (jobId: string, options) => (await import('./jobCommands.ts')).stopJob(jobId, options));
  command(program, 'pause <jobId>', 'Pause a job: a savepoint is kept, its slots are freed.').action(
    async (jobId: string, options) => (await import('./jobCommands.ts')).pauseJob(jobId, options),
  );
  command(program, 'resume <jobId>', 'Resume a paused job.').action(async (jobId: string, options) =>
    (await import('./jobCommands.ts')).resumeJob(jobId, options),
  );
  command(program, 'rescale <jobId>', 'Change the parallelism of a running job.')
    .argument('<parallelism>', 'its new parallelism', count)
    .action(async (jobId: string, parallelism: number, options) =>
      (await import('./jobCommands.ts')).rescaleJob(jobId, parallelism, options),
    );
  const artifact = program.command('artifact').description('Store job bundles for others to submit.').exitOverride();
  command(artifact, 'push <file>', 'Bundle FILE and store it, so that commands can name it.')
    .option('--name <name>', 'name to submit it by (default: that of the file)')
    .action(async (file: string, options) => (await import('./pushArtifact.ts')).pushArtifact(file, options));
  const log = command(program, 'log', 'Show the ledger: every record, whether it counted, and its events.')
    .option('--from <offset>', 'from this offset on', countOrZero)
    .option('-f, --follow', 'go on with what is appended (until Ctrl-C)')
    .option('--type <type>', 'only events of one type, such as TaskFailed')
    .option('--json', 'as JSON, a record a line')
    .action(async (options) => (await import('./log.ts')).showLog(options));
  command(log, 'verify', 'Fold the ledger anew and check every state; exit code 1 where something is wrong.')
    .option('--json', 'as JSON')
    .action(async (options) => setExitCode(await (await import('./verifyLog.ts')).verifyLog(options)));
  command(program, 'state [jobId]', 'Show the cluster, or a job, as the ledger has it now or had it before.')
    .option('--at <offset>', 'after the record at this offset (default: the last one)', countOrZero)
    .option('--json', 'as JSON')
    .action(async (jobId: string | undefined, options) => (await import('./state.ts')).showState(jobId, options));
  command(
    program,
    'why <subject>',
    'Show what led to the state of JOBID, or of the task JOBID/VERTEX/SUBTASK[#ATTEMPT].',
  )
    .option('--json', 'as JSON')
    .action(async (subject: string, options) => (await import('./why.ts')).showWhy(subject, options));
  command(program, 'config', 'List the keys of sluice.yaml, or check a file.')
    .option('--markdown', 'as a Markdown page')
    .option('--yaml', 'as a file in which every default is commented out')
    .option('--check <file>', 'check a file')
    .action(async (options) => (await import('./config.ts')).showConfig(options));
  return program;
}

function count(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return Number(text);
}

function countOrZero(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}

function whole(text: string): number {
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || Math.abs(number) > MAX_PRIORITY)
    throw new InvalidArgumentError(`It must be a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}.`);
  return number;
}

/** Unix ms. */
function time(text: string): number {
  const parsed = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsed)) throw new InvalidArgumentError('It must be a date and time as of ISO 8601.');
  return parsed;
}

function jobManagerId(text: string): string {
  if (!/^jm-[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be jm-1, jm-2 and so on.');
  return text;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
