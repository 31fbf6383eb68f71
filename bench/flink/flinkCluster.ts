// A Flink session cluster of real processes on free ports of this machine, with Flink's defaults but for memory, which its start scripts would
// compute; driven through its REST API alone. Nothing of it outlives the bench.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const JAVA = 'java';
const START_TIMEOUT_MS = 60_000;
const JOB_TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const HEAP_MB = 1_024;
/** What Flink opens to itself on Java 17 (`env.java.default-opts.all`). */
const OPENED = ['lang', 'net', 'io', 'nio', 'lang.reflect', 'text', 'time', 'util', 'util.concurrent'];

interface JobDetails {
  readonly state: string;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly vertices: readonly { readonly id: string }[];
}

export class FlinkCluster {
  readonly #processes: ChildProcess[] = [];
  /** Of the TaskManagers. */
  readonly pids: number[] = [];
  readonly #url: string;
  #jarId = '';

  private constructor(restPort: number) {
    this.#url = `http://127.0.0.1:${restPort}`;
  }

  /**
   * `folder`: for its configuration, logs and checkpoints. The jar is on the cluster's own class path, too, and its classes are taken from there, so
   * that what the compiler has made of them serves the next run as well: a class loader a job would have each run begin in the interpreter.
   */
  static async start(
    lib: string,
    jar: string,
    folder: string,
    shape: { readonly taskManagers: number; readonly slots: number },
    onStarted: (cluster: FlinkCluster) => void,
  ): Promise<FlinkCluster> {
    const [restPort, rpcPort] = await Promise.all([freePort(), freePort()]);
    const settings = {
      'jobmanager.rpc.address': '127.0.0.1',
      'jobmanager.rpc.port': rpcPort,
      'rest.address': '127.0.0.1',
      'rest.port': restPort,
      'web.refresh-interval': POLL_MS,
      'web.tmpdir': path.join(folder, 'web'),
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.host': '127.0.0.1',
      'taskmanager.numberOfTaskSlots': shape.slots,
      'taskmanager.cpu.cores': shape.slots,
      'taskmanager.memory.framework.heap.size': '128m',
      'taskmanager.memory.framework.off-heap.size': '128m',
      'taskmanager.memory.task.heap.size': '896m',
      'taskmanager.memory.task.off-heap.size': '0m',
      'taskmanager.memory.network.min': '128m',
      'taskmanager.memory.network.max': '128m',
      'taskmanager.memory.managed.size': '64m',
      'taskmanager.memory.jvm-metaspace.size': '256m',
      'taskmanager.memory.jvm-overhead.min': '192m',
      'taskmanager.memory.jvm-overhead.max': '192m',
      'classloader.resolve-order': 'parent-first',
      'io.tmp.dirs': folder,
      'execution.checkpointing.dir': `file://${path.join(folder, 'checkpoints')}`,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`);
    fs.writeFileSync(path.join(folder, 'config.yaml'), lines.join(''));
    const cluster = new FlinkCluster(restPort);
    onStarted(cluster);
    const classPath = [path.join(lib, '*'), jar].join(path.delimiter);
    cluster.#spawn(classPath, folder, 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint');
    for (let i = 0; i < shape.taskManagers; i++) {
      const pid = cluster.#spawn(classPath, folder, 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner');
      if (pid !== undefined) cluster.pids.push(pid);
    }
    await until(`Flink's ${shape.taskManagers} TaskManagers to register`, START_TIMEOUT_MS, async () => {
      cluster.#checkAlive(folder);
      const answer = await fetch(`${cluster.#url}/overview`).catch(() => null);
      if (!answer?.ok) return false;
      return ((await answer.json()) as { taskmanagers: number }).taskmanagers === shape.taskManagers;
    });
    const form = new FormData();
    form.append('jarfile', new Blob([fs.readFileSync(jar)]), path.basename(jar));
    const { filename } = await cluster.#ask<{ filename: string }>('/jars/upload', { method: 'POST', body: form });
    cluster.#jarId = path.basename(filename);
    return cluster;
  }

  /** Runs the job to its end; how long it was from the last subtask's RUNNING to FINISHED. */
  async runningMs(args: readonly string[], parallelism: number): Promise<number> {
    const { jobid } = await this.#ask<{ jobid: string }>(`/jars/${this.#jarId}/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entryClass: 'BenchJobs', programArgsList: args, parallelism }),
    });
    let job: JobDetails | null = null;
    await until(`Flink's job ${args[0]} to finish`, JOB_TIMEOUT_MS, async () => {
      job = await this.#ask<JobDetails>(`/jobs/${jobid}`);
      if (['FAILED', 'CANCELED'].includes(job.state)) throw new Error(`Flink's job ${args[0]} is ${job.state}`);
      return job.state === 'FINISHED';
    });
    const { vertices, timestamps } = job!;
    const times = await Promise.all(
      vertices.map(({ id }) =>
        this.#ask<{ subtasks: { timestamps: Record<string, number> }[] }>(`/jobs/${jobid}/vertices/${id}/subtasktimes`),
      ),
    );
    const runningAt = times.flatMap(({ subtasks }) => subtasks.map((subtask) => subtask.timestamps.RUNNING ?? 0));
    return timestamps.FINISHED! - Math.max(...runningAt);
  }

  /** Kills it. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#processes.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && !signalCode);
    await Promise.all(
      running.map((child) => {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        return exited;
      }),
    );
  }

  #spawn(classPath: string, folder: string, mainClass: string): number | undefined {
    const opened = [...OPENED.map((name) => `java.${name}`), 'sun.nio.ch'];
    const options = opened.flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]);
    const memory = [`-Xms${HEAP_MB}m`, `-Xmx${HEAP_MB}m`];
    const log = fs.openSync(path.join(folder, 'flink.log'), 'a');
    const args = [...memory, ...options, '-cp', classPath, mainClass, '--configDir', folder];
    const child = spawn(JAVA, args, { stdio: ['ignore', log, log], cwd: folder });
    this.#processes.push(child);
    fs.closeSync(log);
    return child.pid;
  }

  #checkAlive(folder: string): void {
    if (this.#processes.every(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) return;
    const log = fs.readFileSync(path.join(folder, 'flink.log'), 'utf8');
    throw new Error(`a process of Flink ended: ${log.slice(-2_000)}`);
  }

  async #ask<T>(resource: string, request: RequestInit = {}): Promise<T> {
    const answer = await fetch(`${this.#url}${resource}`, request);
    if (!answer.ok) throw new Error(`Flink answers ${answer.status} to ${resource}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

async function until(what: string, timeoutMs: number, there: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await there())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s for ${what}`);
    await sleep(POLL_MS);
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
