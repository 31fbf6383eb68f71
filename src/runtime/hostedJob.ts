// What one host keeps of one job: its rebuilt graph, the attempts that run here or are about to, and which consumers, here and elsewhere, have
// announced themselves. Announcements are dropped as soon as no attempt of the job is left here.
import type { TaskRef } from '../core/schema.gen.ts';
import { ConsumerRoutes } from './consumerRoutes.ts';
import type { BarrierBroadcast, EndOfPartition } from './exchangeProtocol.ts';
import type { ExchangeWriter } from './exchangeWriter.ts';
import type { ExecutableJob } from './operatorSpec.ts';
import type { Route } from './outputChannel.ts';
import type { Task } from './task.ts';

export class HostedJob {
  /** The job is over: forget everything as soon as its last task here has ended. */
  released = false;
  #executable: Promise<ExecutableJob> | null = null;
  /** By vertex, then subtask. */
  readonly #tasks = new Map<number, Map<number, Task>>();
  readonly #expected = new Map<string, TaskRef>();
  /** By vertex, then subtask. */
  readonly #ready = new Map<number, Map<number, { readonly attempt: number; readonly route: Route }>>();
  /** By consuming vertex: one for each list of attempts that exchanges of live tasks were deployed with. */
  readonly #routes = new Map<number, ConsumerRoutes[]>();
  /** Exchanges of live tasks by consuming vertex. */
  readonly #writers = new Map<number, Set<ExchangeWriter>>();
  #count = 0;

  /** Rebuilds the job once; a failure is not kept, so that the next attempt tries again. */
  load(rebuild: () => Promise<ExecutableJob>): Promise<ExecutableJob> {
    if (this.#executable === null) {
      const loading = rebuild();
      this.#executable = loading;
      loading.catch(() => {
        if (this.#executable === loading) this.#executable = null;
      });
    }
    return this.#executable;
  }

  /** No attempt is here or about to be. */
  get idle(): boolean {
    return this.#count === 0 && this.#expected.size === 0;
  }

  expect(ref: TaskRef): void {
    this.#expected.set(keyOf(ref), ref);
  }

  /** False where the attempt is not waiting for its start (any more). */
  unexpect(ref: TaskRef): boolean {
    return this.#expected.delete(keyOf(ref));
  }

  expected(): TaskRef[] {
    return [...this.#expected.values()];
  }

  add(task: Task): void {
    let subtasks = this.#tasks.get(task.vertex);
    if (!subtasks) {
      subtasks = new Map();
      this.#tasks.set(task.vertex, subtasks);
    }
    // An older attempt that has not ended yet is on its way out; it must not be found any more.
    const older = subtasks.get(task.subtask);
    if (older) {
      this.#drop(older);
      older.cancel();
    }
    subtasks.set(task.subtask, task);
    this.#count++;
    for (const writer of task.writers) {
      const { consumer } = writer.spec;
      const writers = this.#writers.get(consumer);
      if (writers) writers.add(writer);
      else this.#writers.set(consumer, new Set([writer]));
    }
  }

  remove(task: Task): void {
    if (this.#tasks.get(task.vertex)?.get(task.subtask) === task) {
      this.#tasks.get(task.vertex)!.delete(task.subtask);
      if (this.#ready.get(task.vertex)?.get(task.subtask)?.attempt === task.attempt)
        this.#ready.get(task.vertex)!.delete(task.subtask);
      this.#drop(task);
    }
    if (!this.idle) return;
    this.#ready.clear();
    this.#routes.clear();
  }

  task(vertex: number, subtask: number, attempt: number): Task | undefined {
    const task = this.#tasks.get(vertex)?.get(subtask);
    return task?.attempt === attempt && task.live ? task : undefined;
  }

  /** Live consumers of the vertex on this host: `[subtask, attempt]` each. */
  consumersHere(vertex: number): (readonly [number, number])[] {
    return [...this.#tasksOf(vertex)]
      .filter(({ live }) => live)
      .map(({ subtask, attempt }) => [subtask, attempt] as const);
  }

  /** A producer's barrier for its consumers here; returns those that have something to do now. */
  broadcast(broadcast: BarrierBroadcast): Task[] {
    const woken: Task[] = [];
    for (const task of this.#tasksOf(broadcast.vertex)) {
      if (!task.live || broadcast.except.has(task.subtask)) continue;
      if (task.gate?.receiveBarrier(broadcast, broadcast.barrier)) woken.push(task);
    }
    return woken;
  }

  /** A producer has ended: tells its consumers, and returns those that have something to do now. */
  endOfPartition(message: EndOfPartition): Task[] {
    const woken: Task[] = [];
    for (const task of this.#tasksOf(message.vertex)) {
      if (message.consumer !== null && task.subtask !== message.consumer) continue;
      if (task.gate?.endOfPartition(message)) woken.push(task);
    }
    return woken;
  }

  *tasks(): Iterable<Task> {
    for (const subtasks of this.#tasks.values()) yield* subtasks.values();
  }

  /** Consumers have announced themselves: tells the exchanges that lead to them, and those that will. */
  ready(vertex: number, consumers: readonly (readonly [number, number])[], route: Route): void {
    let known = this.#ready.get(vertex);
    if (!known) {
      known = new Map();
      this.#ready.set(vertex, known);
    }
    for (const [subtask, attempt] of consumers) known.set(subtask, { attempt, route });
    const changed = new Set<ConsumerRoutes>();
    for (const routes of this.#routes.get(vertex) ?? []) if (routes.add(consumers, route)) changed.add(routes);
    if (changed.size === 0) return;
    for (const writer of this.#writers.get(vertex) ?? []) if (changed.has(writer.routes)) writer.routesChanged();
  }

  /** Tells a new exchange who is ready already. */
  tellReady(writer: ExchangeWriter): void {
    const { consumer, consumerAttempts } = writer.spec;
    // Tasks of one deployment share the list of attempts.
    const known = this.#routes.get(consumer)?.find(({ attempts }) => attempts === consumerAttempts);
    writer.follow(known ?? this.#newRoutes(consumer, consumerAttempts));
  }

  #newRoutes(consumer: number, attempts: readonly number[]): ConsumerRoutes {
    const routes = new ConsumerRoutes(attempts);
    for (const [subtask, { attempt, route }] of this.#ready.get(consumer) ?? [])
      routes.add([[subtask, attempt]], route);
    // Those of earlier deployments go with the last task that uses them.
    const inUse = new Set([...(this.#writers.get(consumer) ?? [])].map((writer) => writer.routes));
    const others = (this.#routes.get(consumer) ?? []).filter((other) => inUse.has(other));
    this.#routes.set(consumer, [...others, routes]);
    return routes;
  }

  #tasksOf(vertex: number): Iterable<Task> {
    return this.#tasks.get(vertex)?.values() ?? [];
  }

  #drop(task: Task): void {
    this.#count--;
    for (const writer of task.writers) this.#writers.get(writer.spec.consumer)?.delete(writer);
  }
}

function keyOf({ vertex, subtask, attempt }: TaskRef): string {
  return `${vertex}/${subtask}/${attempt}`;
}
