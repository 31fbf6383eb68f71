// What clients ask of the cluster while faults last: jobs of random shape, and commands to them, some sent twice, some to jobs that are not
// there. What was acknowledged is kept, for it must hold whatever happens after.
import { CommandRejected, SubmissionRejected } from '../../src/client/errors.ts';
import type { Command } from '../../src/core/inputs.ts';
import type { JobGraph, JobOptions, JobVertex } from '../../src/core/schema.gen.ts';
import { Chance } from './chance.ts';
import { drawRestartStrategy } from './scenario.ts';
import type { World } from './world.ts';

const MAX_VERTICES = 4;
const MAX_PARALLELISM = 4;

export class Workload {
  /** Jobs whose submission was acknowledged. */
  readonly acknowledged = new Set<string>();
  /** Jobs whose cancellation was acknowledged. */
  readonly cancelled = new Set<string>();
  readonly #world: World;
  readonly #chance: Chance;
  readonly #jobIds: string[] = [];
  #commands = 0;
  #over = false;

  constructor(world: World) {
    this.#world = world;
    this.#chance = new Chance(world.scenario.seed, 'workload');
  }

  start(): void {
    const { meanSubmitMs, meanCommandMs } = this.#world.scenario;
    this.#every(meanSubmitMs, () => this.#submit());
    this.#every(meanCommandMs, () => this.#command());
  }

  /** Nothing is asked for any more. */
  stop(): void {
    this.#over = true;
  }

  #every(meanMs: number, action: () => void): void {
    this.#world.clock.after(this.#chance.pauseMs(meanMs), () => {
      if (this.#over) return;
      action();
      this.#every(meanMs, action);
    });
  }

  #submit(): void {
    const { clients, plane, tell, scenario } = this.#world;
    if (this.#jobIds.length >= scenario.maxJobs) return;
    const chance = this.#chance;
    const jobId = this.#id(0xd);
    const commandId = this.#id(0xc);
    const parallelism = chance.whole(1, MAX_PARALLELISM);
    const from = chance.holds(0.2) ? this.#savepoint() : null;
    const graph = from === null ? this.#graph(parallelism) : from.graph;
    const options = { ...this.#options(), savepointPath: from?.path ?? null };
    const planned = chance.holds(0.2);
    plane.natures.set(jobId, {
      graph,
      lifeMs: chance.holds(0.45) ? null : chance.between(200, 6_000),
      unplannable: chance.holds(scenario.outside.unplannableRate),
    });
    this.#jobIds.push(jobId);
    const shape = graph.vertices.map(
      ({ parallelism: width, inputs }) =>
        `${width}${inputs.map(({ source, strategy }) => `<${source}${strategy[0]}`).join('')}`,
    );
    const details = `${options.checkpointing === null ? '' : ' with checkpoints'}${from === null ? '' : ` from ${from.path}`}${planned ? ' to be planned' : ''}`;
    tell(`submit ${short(jobId)} ${shape.join(' ')}${details}`);
    const artifact = { sha256: 'e'.repeat(64), name: 'job.mjs' };
    const submission = { name: short(jobId), artifact, args: [jobId], parallelism, options, jobId, commandId };
    const { client, commands } = chance.pick(clients);
    if (planned) {
      commands.send({ type: 'SubmitJob', ...submission, graph: null }).then(
        ({ rejection, message }) => this.#answered(jobId, commandId, rejection, message),
        (error: unknown) => tell(`${short(jobId)}: ${messageOf(error)}`),
      );
      return;
    }
    client.submit({ ...submission, graph }).then(
      (handle) => {
        handle.close();
        this.#answered(jobId, commandId, null, '');
      },
      (error: unknown) => {
        if (error instanceof SubmissionRejected) this.#answered(jobId, commandId, error.code, error.message);
        else tell(`${short(jobId)}: ${messageOf(error)}`);
      },
    );
  }

  #answered(jobId: string, commandId: string, rejection: string | null, message: string): void {
    const { tell, oracle } = this.#world;
    const isIn = oracle.history.submitted.get(commandId) === jobId;
    tell(`${short(jobId)} is ${rejection === null ? 'acknowledged' : `refused: ${message}`}`);
    if (rejection === null) this.acknowledged.add(jobId);
    if (isIn !== (rejection === null))
      oracle.fail(`the submission of ${jobId} was answered with ${rejection ?? 'yes'}, and the log says otherwise`);
  }

  #command(): void {
    const chance = this.#chance;
    const { clients, tell, clock } = this.#world;
    const jobId = this.#jobIds.length === 0 || chance.holds(0.03) ? this.#id(0xb) : chance.pick(this.#jobIds);
    const commandId = this.#id(0xa);
    const command = chance.weighted<Command>([
      [2, { type: 'CancelJob', commandId, jobId }],
      [2, { type: 'PauseJob', commandId, jobId }],
      [3, { type: 'ResumeJob', commandId, jobId }],
      [3, { type: 'TriggerSavepoint', commandId, jobId, targetPath: chance.holds(0.5) ? '/elsewhere/' : null }],
      [1, { type: 'StopWithSavepoint', commandId, jobId, targetPath: null, drain: false }],
      [1, { type: 'RequestCheckpoint', commandId, jobId }],
      [3, { type: 'RescaleJob', commandId, jobId, parallelism: chance.whole(1, MAX_PARALLELISM) }],
      [1, { type: 'SetDesiredTaskManagers', commandId, desired: chance.whole(0, 3) }],
    ]);
    tell(`${command.type} ${short(jobId)}`);
    const { commands } = chance.pick(clients);
    const send = (): void => {
      commands.send(command).then(
        ({ rejection, message }) => {
          tell(`${command.type} ${short(jobId)}: ${rejection ?? 'yes'} ${message}`);
          if (command.type === 'CancelJob' && rejection === null) this.cancelled.add(jobId);
        },
        (error: unknown) => {
          if (!(error instanceof CommandRejected)) tell(`${command.type} ${short(jobId)}: ${messageOf(error)}`);
        },
      );
    };
    send();
    if (chance.holds(0.15)) clock.after(chance.between(0, 3_000), send);
  }

  /** One that a job completed, and that job's graph, perhaps with an operator less. */
  #savepoint(): { readonly path: string; readonly graph: JobGraph } | null {
    const chance = this.#chance;
    const { oracle, plane } = this.#world;
    const known = [...oracle.history.savepoints].flatMap(([path, jobId]) => {
      const graph = plane.natures.get(jobId)?.graph;
      return graph === undefined ? [] : [{ path, graph }];
    });
    if (known.length === 0) return null;
    const { path, graph } = chance.pick(known);
    const vertices = graph.vertices.map((vertex) => ({ ...vertex }));
    const [first] = vertices;
    if (first !== undefined && chance.holds(0.2)) first.operators = [{ uid: 'another', name: 'another' }];
    return { path, graph: { ...graph, vertices } };
  }

  #graph(parallelism: number): JobGraph {
    const chance = this.#chance;
    const vertices: JobVertex[] = [];
    const groups = chance.holds(0.7) ? ['default'] : ['default', 'other'];
    const count = chance.whole(1, MAX_VERTICES);
    for (let index = 0; index < count; index++) {
      const sources = index === 0 || chance.holds(0.1) ? 0 : chance.whole(1, Math.min(2, index));
      const inputs = new Set<number>();
      while (inputs.size < sources) inputs.add(chance.whole(0, index - 1));
      const width = chance.holds(0.7) ? parallelism : chance.whole(1, MAX_PARALLELISM);
      vertices.push({
        id: index.toString(16).padStart(32, '0'),
        name: `vertex ${index}`,
        parallelism: width,
        maxParallelism: chance.holds(0.9) ? 128 : width,
        slotSharingGroup: chance.pick(groups),
        coLocationGroup: null,
        operators: [{ uid: `operator-${index}`, name: `operator ${index}` }],
        inputs: [...inputs]
          .sort((left, right) => left - right)
          .map((source) => ({
            source,
            strategy:
              vertices[source]?.parallelism === width && chance.holds(0.5)
                ? 'FORWARD'
                : chance.pick(['HASH', 'REBALANCE'] as const),
          })),
      });
    }
    return { vertices, hash: 'f'.repeat(64) };
  }

  #options(): JobOptions {
    const chance = this.#chance;
    const { clock, scenario } = this.#world;
    const parent = this.#jobIds.length > 0 && chance.holds(0.15) ? chance.pick(this.#jobIds) : null;
    const checkpointing = {
      intervalMs: chance.whole(150, 2_000),
      minPauseMs: chance.holds(0.5) ? 0 : chance.whole(10, 1_000),
      timeoutMs: chance.whole(600, 3_000),
      maxConcurrent: chance.whole(1, 2),
      toleratedFailures: chance.whole(0, 4),
      retained: chance.holds(0.2) ? null : chance.whole(1, 3),
      retention: chance.pick([null, 'DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION'] as const),
      unaligned: null,
      alignedTimeoutMs: null,
    };
    return {
      priority: chance.holds(0.6) ? 0 : chance.whole(-2, 5),
      startAt: chance.holds(0.85) ? null : clock.now() + chance.whole(-1_000, scenario.faultMs),
      parentJobId: parent,
      waitForParent: chance.holds(0.7),
      restartStrategy: chance.holds(0.6) ? null : drawRestartStrategy(chance),
      checkpointing: chance.holds(0.35) ? null : checkpointing,
      savepointPath: null,
      allowNonRestoredState: chance.holds(0.3),
    };
  }

  #id(digit: number): string {
    const number = ++this.#commands;
    const head = Math.floor(this.#chance.next() * 0x1000000)
      .toString(16)
      .padStart(6, '0');
    return head + digit.toString(16) + number.toString(16).padStart(25, '0');
  }
}

/** Enough of a job's id for people. */
export function short(jobId: string): string {
  return `job-${Number.parseInt(jobId.slice(-6), 16)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
