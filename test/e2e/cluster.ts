// A real cluster for a test file: started and used through the built command line, in a temporary folder on free ports, and gone at the
// end however the test went. Beside the commands it reads the ledger, which is what the assertions are made on.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ClusterDir, type ProcessEntry } from '../../src/cli/clusterDir.ts';
import { signalProcess, waitForEnd } from '../../src/cli/processIdentity.ts';
import type { ClusterStatus } from '../../src/cli/restClient.ts';
import { loadConfig } from '../../src/config.ts';
import { applyRecord, type LedgerRecord, type Verdict } from '../../src/core/ledger.ts';
import type { ClusterEvent } from '../../src/core/schema.gen.ts';
import { emptyState } from '../../src/core/state.ts';
import { type Backbone, openBackbone } from '../../src/wiring.ts';

export const root = path.dirname(path.dirname(import.meta.dirname));
const main = path.join(root, 'dist', 'main.js');
/** Generous, both: they end only what is broken, however busy the machine. */
const COMMAND_TIMEOUT_MS = 90_000;
const WAIT_MS = 60_000;
const POLL_MS = 15;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClusterOptions {
  readonly journal: 'embedded' | 'kafka';
  /** For kafka. */
  readonly brokers?: readonly string[] | undefined;
  readonly jobManagers?: number;
  readonly taskManagers?: number;
  readonly settings?: readonly string[];
}

export interface LedgerEntry {
  readonly record: LedgerRecord;
  readonly verdict: Verdict;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs `sluice …`; never rejects for a failing command. */
export function sluice(cwd: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd, timeout: COMMAND_TIMEOUT_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Waits until `probe` gives something other than null, undefined or false. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T> | T,
  timeoutMs = WAIT_MS,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export class TestCluster {
  readonly folder: string;
  readonly dir: ClusterDir;
  #backbone: Backbone | null = null;

  static async start(options: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster();
    const { journal, brokers = [], jobManagers = 2, taskManagers = 2, settings = [] } = options;
    const all = [
      'rest.port=0',
      `journal.type=${journal}`,
      `cluster.id=e2e-${randomBytes(4).toString('hex')}`,
      ...settings,
    ];
    if (journal === 'kafka') all.push(`journal.kafka.brokers=${brokers.join(',')}`);
    try {
      await cluster.ok(
        'start-cluster',
        ...['--jobmanagers', String(jobManagers), '--taskmanagers', String(taskManagers)],
        ...all.flatMap((setting) => ['-D', setting]),
      );
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-e2e-'));
    this.dir = new ClusterDir(path.join(this.folder, 'cluster'));
  }

  /** `sluice <verb> --dir … rest`; two-word verbs as one text. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult> {
    return sluice(this.folder, [...command.split(' '), '--dir', this.dir.path, ...args]);
  }

  /** What the command printed; throws where it failed. */
  async ok(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, ...args);
    if (code !== 0) throw new Error(`sluice ${command} ended with ${code}: ${stderr}\n${this.logs()}`);
    return stdout;
  }

  /** Submits a job without waiting for it; resolves with its id. */
  async submit(file: string, ...args: readonly string[]): Promise<string> {
    const stdout = await this.ok(
      'run',
      '-d',
      ...args.filter((arg) => arg.startsWith('-p')),
      file,
      ...args.filter((arg) => !arg.startsWith('-p')),
    );
    return /JobID ([0-9a-f]{32})/.exec(stdout)![1]!;
  }

  async status(): Promise<ClusterStatus> {
    return JSON.parse(await this.ok('jobmanager status', '--json')) as ClusterStatus;
  }

  async jobState(jobId: string): Promise<string | undefined> {
    const jobs = JSON.parse(await this.ok('list', '--all', '--json')) as { jobId: string; state: string }[];
    return jobs.find((job) => job.jobId === jobId)?.state;
  }

  async process(id: string): Promise<ProcessEntry> {
    const found = (await this.dir.liveProcesses()).find((entry) => entry.id === id);
    if (found === undefined) throw new Error(`${id} does not run\n${this.logs()}`);
    return found;
  }

  async signal(id: string, signal: NodeJS.Signals): Promise<ProcessEntry> {
    const entry = await this.process(id);
    await signalProcess(entry, signal);
    if (signal === 'SIGKILL') await waitForEnd(entry, WAIT_MS);
    return entry;
  }

  /** A path that jobs can write to. */
  file(name: string): string {
    return path.join(this.folder, name);
  }

  async backbone(): Promise<Backbone> {
    this.#backbone ??= await openBackbone({
      config: loadConfig(this.dir.existingConfigFile),
      dir: this.dir.path,
      source: 'e2e',
      logger: quiet,
      createTopics: false,
    });
    return this.#backbone;
  }

  /** Every record of the ledger so far, judged as a replica judges it. */
  async ledger(): Promise<LedgerEntry[]> {
    const { channels } = await this.backbone();
    const { end } = await channels.offsets('events', 0);
    const entries: LedgerEntry[] = [];
    const state = emptyState();
    await new Promise<void>((resolve, reject) => {
      const following = channels.follow('events', {
        from: () => 'earliest',
        onBatch({ deliveries, next }) {
          for (const delivery of deliveries) {
            if (delivery.kind !== 'message' || delivery.offset >= end) continue;
            entries.push({ record: delivery.message, verdict: applyRecord(state, delivery.message, delivery.offset) });
          }
          if (next >= end) following.then((tail) => tail.close()).then(resolve, reject);
        },
        onError: reject,
      });
    });
    return entries;
  }

  /** Events that counted, of the given type and job, in epochs above `afterEpoch`. */
  async events<T extends ClusterEvent['type']>(
    type: T,
    jobId: string,
    afterEpoch = 0,
  ): Promise<Extract<ClusterEvent, { type: T }>[]> {
    return (await this.ledger()).flatMap(({ record, verdict }) =>
      record.type === 'Commit' && verdict === 'counted' && record.epoch > afterEpoch
        ? (record.events.filter((event) => event.type === type && 'jobId' in event && event.jobId === jobId) as Extract<
            ClusterEvent,
            { type: T }
          >[])
        : [],
    );
  }

  /** The end of each log, for a failing test's message. */
  logs(): string {
    const folder = path.join(this.dir.path, 'log');
    if (!fs.existsSync(folder)) return '';
    return fs
      .readdirSync(folder)
      .map(
        (name) => `--- ${name}\n${fs.readFileSync(path.join(folder, name), 'utf8').split('\n').slice(-8).join('\n')}`,
      )
      .join('\n');
  }

  async stop(): Promise<void> {
    await this.#backbone?.close();
    // Not by the command under test: this must work where that does not. SIGKILL ends frozen processes too.
    const processes = await this.dir.liveProcesses();
    await Promise.all(processes.map((entry) => signalProcess(entry, 'SIGKILL')));
    await Promise.all(processes.map((entry) => waitForEnd(entry, WAIT_MS)));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
