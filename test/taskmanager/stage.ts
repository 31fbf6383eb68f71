// A broker in memory on a manual clock, and a leader that does only what the test says: it reads `status` and appends assignments by hand.
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import type { StatusMessage } from '../../src/core/inputs.ts';
import type { AssignmentMessage } from '../../src/core/messages.ts';
import type { AttemptReport, DeployTasks } from '../../src/core/schema.gen.ts';
import type { Journal } from '../../src/ports/journal.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { type AttemptRef, FakeWorkers, type FakeWorkersOptions } from './fakeWorkers.ts';

export const JOB = '0123456789abcdef0123456789abcdef';

interface LogLine {
  readonly level: keyof Logger;
  readonly details: object;
  readonly message: string;
}

/** Keeps what is logged. */
export class LogBook implements Logger {
  readonly lines: LogLine[] = [];
  debug = this.#writer('debug');
  info = this.#writer('info');
  warn = this.#writer('warn');
  error = this.#writer('error');

  #writer(level: keyof Logger) {
    return (details: object, message: string): void => {
      this.lines.push({ level, details, message });
    };
  }
}

export interface Started {
  readonly executor: TaskExecutor;
  readonly workers: FakeWorkers;
  readonly process: SimulatedProcess;
  readonly log: LogBook;
  readonly failures: Error[];
}

export class Stage {
  readonly clock = new ManualClock();
  readonly broker: SimulatedBroker;
  readonly hub: SimulatedSignalHub;
  readonly leader: Channels;
  readonly journal: Journal;
  /** What TaskManagers said, in log order for each. */
  readonly status: StatusMessage[] = [];
  /** Answers each registration with RegistrationAccepted of this epoch; 'once': of epoch 1, and only the first of each; null: none. */
  accepting: number | 'once' | null = 1;

  static async open(seed: number): Promise<Stage> {
    const stage = new Stage(seed);
    // Everything here takes simulated time, so whoever waits lets it pass.
    await stage.#prepare();
    return stage;
  }

  private constructor(seed: number) {
    const random = seededRandom(seed);
    this.broker = new SimulatedBroker({ clock: this.clock, random });
    this.hub = new SimulatedSignalHub({ clock: this.clock, random });
    this.journal = this.broker.connect();
    this.leader = this.channels('leader', this.journal);
  }

  channels(source: string, journal: Journal = this.broker.connect()): Channels {
    return openChannels(journal, { topics: loadTopicSpecs(), source, now: () => this.clock.now() });
  }

  /** The promise's outcome, letting time pass until there is one. */
  async settled<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let done = false;
    promise.then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    if (!(await this.clock.runUntil(() => done, limitMs))) throw new Error(`nothing came of it in ${limitMs} ms`);
    return promise;
  }

  async until(condition: () => boolean, limitMs = 60_000): Promise<void> {
    if (!(await this.clock.runUntil(condition, limitMs)))
      throw new Error(`did not happen in ${limitMs} ms: ${condition}`);
  }

  async start(id: string, options: FakeWorkersOptions = {}): Promise<Started> {
    const process = new SimulatedProcess(this.clock);
    const workers = new FakeWorkers(options);
    const log = new LogBook();
    const failures: Error[] = [];
    const executor = new TaskExecutor({
      id,
      channels: this.channels(id, this.broker.connect(process)),
      signals: this.hub.connect(process),
      clock: process.clock,
      workers,
      slots: 2,
      managedMemoryBytes: 1024,
      logger: log,
      pid: 42,
      gauges: () => ({ cpuLoad: 0.5, usedHeapBytes: 1_000 }),
      onFailure: (error) => failures.push(error),
    });
    await this.settled(executor.start());
    return { executor, workers, process, log, failures };
  }

  async startRegistered(id: string, options: FakeWorkersOptions = {}): Promise<Started> {
    const started = await this.start(id, options);
    await this.until(() => started.executor.isRegistered);
    return started;
  }

  /** Appends in order; resolves when durable. */
  async assign(...messages: readonly AssignmentMessage[]): Promise<void> {
    for (const message of messages) {
      await this.settled(this.leader.append('assignments', [{ key: message.taskManagerId, message }]));
    }
  }

  /** All reports that reached the log, in order. */
  reports(): AttemptReport[] {
    return this.status.flatMap((message) => (message.type === 'TaskReport' ? message.attempts : []));
  }

  registrations() {
    return this.status.flatMap((message) => (message.type === 'RegisterTaskManager' ? [message] : []));
  }

  async #prepare(): Promise<void> {
    await this.settled(this.journal.ensureTopics(loadTopicSpecs()));
    await this.settled(
      this.leader.follow('status', {
        from: () => 'earliest',
        onBatch: ({ deliveries }) => {
          for (const delivery of deliveries) if (delivery.kind === 'message') this.#take(delivery.message);
        },
        onError: (error) => {
          throw error;
        },
      }),
    );
  }

  #take(message: StatusMessage): void {
    this.status.push(message);
    if (message.type !== 'RegisterTaskManager' || this.accepting === null) return;
    const { taskManagerId } = message;
    const sameId = this.registrations().filter((registration) => registration.taskManagerId === taskManagerId);
    if (this.accepting === 'once' && sameId.length > 1) return;
    const epoch = this.accepting === 'once' ? 1 : this.accepting;
    const accepted = { type: 'RegistrationAccepted', epoch, taskManagerId } as const;
    // An answer that is lost is one of the things that happen to a TaskManager.
    this.leader.append('assignments', [{ key: taskManagerId, message: accepted }]).catch(() => {});
  }
}

export function deployment(taskManagerId: string, tasks: number, over: Partial<DeployTasks> = {}): DeployTasks {
  return {
    type: 'DeployTasks',
    epoch: 1,
    taskManagerId,
    jobId: JOB,
    name: 'wordcount',
    artifact: { sha256: 'a'.repeat(64), name: 'wordcount.ts' },
    args: [],
    parallelism: tasks,
    graphHash: 'b'.repeat(64),
    taskManagers: [{ taskManagerId, host: '127.0.0.1', dataPort: 6_121 }],
    placements: [{ parallelism: tasks, taskManagers: new Array(tasks).fill(0), attempts: new Array(tasks).fill(0) }],
    tasks: Array.from({ length: tasks }, (_, subtask) => ({ vertex: 0, subtask, attempt: 0, slot: 0 })),
    restore: null,
    checkpointed: false,
    ...over,
  };
}

export function task(subtask: number, attempt = 0): AttemptRef {
  return { jobId: JOB, vertex: 0, subtask, attempt };
}
