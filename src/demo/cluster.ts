// The demo's cluster: started, looked at and stopped through the command line as anybody would, in a temporary folder on free ports.
// Whatever happens to the demo, nothing of it is left: processes by their noted identity, the folder, the broker.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ClusterDir, type ProcessEntry } from '../cli/clusterDir.ts';
import { signalProcess, waitForEnd } from '../cli/processIdentity.ts';
import { type Config, loadConfig } from '../config.ts';
import { packageRoot } from '../packageRoot.ts';
import { provideKafka } from '../wiring.ts';

const COMMAND_TIMEOUT_MS = 90_000;
const KILL_TIMEOUT_MS = 5_000;

export type JournalChoice = 'embedded' | 'kafka';

export class DemoCluster {
  /** Everything that the demo writes. */
  readonly folder: string;
  readonly dir: ClusterDir;
  readonly #commands = new Set<ChildProcess>();
  #broker: { readonly brokers: readonly string[]; stop(): Promise<void> } | null = null;

  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-demo-'));
    this.dir = new ClusterDir(path.join(this.folder, 'cluster'));
  }

  get config(): Config {
    return loadConfig(this.dir.existingConfigFile);
  }

  /** Two JobManagers, two TaskManagers with two slots each. */
  async start(journal: JournalChoice): Promise<string> {
    // A name of its own, since a broker may be shared and may remember an earlier demo.
    const settings = [
      'rest.port=0',
      `journal.type=${journal}`,
      `cluster.id=${path.basename(this.folder).toLowerCase()}`,
    ];
    if (journal === 'kafka') {
      this.#broker = await provideKafka();
      settings.push(`journal.kafka.brokers=${this.#broker.brokers.join(',')}`);
    }
    return this.sluice('start-cluster', ...settings.flatMap((setting) => ['-D', setting]));
  }

  /** Runs `sluice <command> --dir … args`; resolves with what it printed. */
  async sluice(command: string, ...args: readonly string[]): Promise<string> {
    const main = path.join(packageRoot, 'dist', 'main.js');
    const [verb, ...rest] = [...command.split(' '), '--dir', this.dir.path, ...args];
    return new Promise((resolve, reject) => {
      const options = { timeout: COMMAND_TIMEOUT_MS, cwd: this.folder };
      const child = execFile(process.execPath, [main, verb!, ...rest], options, (error, stdout, stderr) => {
        this.#commands.delete(child);
        if (error) reject(new Error(`sluice ${command}: ${stderr.trim() || error.message}`));
        else resolve(stdout);
      });
      this.#commands.add(child);
    });
  }

  /** SIGKILL; resolves with performance.now() at the signal. */
  async kill(id: string): Promise<number> {
    const entry = (await this.dir.liveProcesses()).find((candidate) => candidate.id === id);
    if (entry === undefined) throw new Error(`${id} does not run`);
    const killedAtMs = performance.now();
    await signalProcess(entry, 'SIGKILL');
    return killedAtMs;
  }

  async stop(): Promise<void> {
    // A command that is under way would start more; start-cluster takes back what it has started.
    await Promise.all(
      [...this.#commands].map(async (child) => {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }),
    );
    const processes = await this.dir.liveProcesses();
    await Promise.all(processes.map((entry: ProcessEntry) => signalProcess(entry, 'SIGKILL')));
    await Promise.all(processes.map((entry) => waitForEnd(entry, KILL_TIMEOUT_MS)));
    await this.#broker?.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
