// A cluster's folder (`--dir`, `.sluice` by default): its configuration, and a small file for each process that was started from it.
// The folder is all that the commands of one cluster share, so clusters in two folders never meet.
import fs from 'node:fs';
import path from 'node:path';
import { isAlive, type ProcessIdentity } from './processIdentity.ts';

export type ProcessKind = 'jobmanager' | 'taskmanager';

/** `run/<id>.json`, written by the process itself and removed when it stops in order. */
export interface ProcessEntry extends ProcessIdentity {
  readonly id: string;
  readonly kind: ProcessKind;
  /** REST address of a JobManager; null until it listens, and for TaskManagers. */
  readonly rest: string | null;
  readonly slots: number | null;
  /** The request that a TaskManager was started for; null: a person started it. */
  readonly requestId: string | null;
}

export class ClusterDir {
  /** Absolute. */
  readonly path: string;

  constructor(dir: string) {
    this.path = path.resolve(dir);
  }

  /** How people would name it: relative where that is shorter. */
  get name(): string {
    const relative = path.relative('', this.path);
    return relative !== '' && relative.length < this.path.length ? relative : this.path;
  }

  get configFile(): string {
    return path.join(this.path, 'sluice.yaml');
  }

  /** The configuration file, or null where the defaults apply. */
  get existingConfigFile(): string | null {
    return fs.existsSync(this.configFile) ? this.configFile : null;
  }

  /** JSON lines. */
  logFile(id: string): string {
    return path.join(this.path, 'log', `${id}.log`);
  }

  /** What a process printed besides its log. */
  outFile(id: string): string {
    return path.join(this.path, 'log', `${id}.out`);
  }

  /** Downloaded job bundles; one folder a process, since each bounds and cleans its own. */
  blobFolder(id: string): string {
    return path.join(this.path, 'blobs', id);
  }

  create(): void {
    for (const folder of ['log', 'run', 'blobs']) fs.mkdirSync(path.join(this.path, folder), { recursive: true });
  }

  writeConfig(text: string): void {
    writeAtomically(this.configFile, text);
  }

  /** Processes that were started from this folder and still live, by id. Entries of the dead are dropped. */
  async liveProcesses(kind?: ProcessKind): Promise<ProcessEntry[]> {
    const entries = this.#entries().filter((entry) => kind === undefined || entry.kind === kind);
    const alive = await Promise.all(entries.map(isAlive));
    for (const [index, entry] of entries.entries()) if (!alive[index]) this.removeEntry(entry);
    return entries.filter((_, index) => alive[index]);
  }

  writeEntry(entry: ProcessEntry): void {
    writeAtomically(this.#entryFile(entry.id), `${JSON.stringify(entry)}\n`);
  }

  /** Removes the entry unless another process has taken its place. */
  removeEntry({ id, pid, startedAt }: ProcessEntry): void {
    const current = this.#read(this.#entryFile(id));
    if (current === null || (current.pid === pid && current.startedAt === startedAt)) {
      fs.rmSync(this.#entryFile(id), { force: true });
    }
  }

  #entryFile(id: string): string {
    return path.join(this.path, 'run', `${id}.json`);
  }

  #entries(): ProcessEntry[] {
    let files: string[];
    try {
      files = fs.readdirSync(path.join(this.path, 'run'));
    } catch {
      return [];
    }
    return files
      .filter((file) => file.endsWith('.json'))
      .map((file) => this.#read(path.join(this.path, 'run', file)))
      .filter((entry) => entry !== null)
      .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  }

  #read(file: string): ProcessEntry | null {
    try {
      const entry = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<ProcessEntry>;
      const complete =
        typeof entry.id === 'string' && typeof entry.pid === 'number' && typeof entry.startedAt === 'string';
      return complete ? (entry as ProcessEntry) : null;
    } catch {
      return null;
    }
  }
}

function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, file);
}
