// Dynamic scheduling under any sequence of TaskManagers that come, go, fall silent and are loaded, and jobs that come and end: a job rests
// after each move, one moves at a time, and where nothing changes any more, moving comes to an end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fittingParallelisms } from '../../src/core/rescheduling.ts';
import type { AttemptState, ClusterEvent, JobOptions } from '../../src/core/schema.gen.ts';
import { nextDeadline } from '../../src/core/settle.ts';
import type { Subtask } from '../../src/core/state.ts';
import { isTerminal } from '../../src/core/state.ts';
import { Cluster, cancel, chain, fixedDelay, OPTIONS, register, submit } from './cluster.ts';

const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000_000);
const RUNS = 60;
const DYNAMIC = { startTimeoutMs: 500, stabilizationMs: 300, cooldownMs: 5_000, minGain: 0.2 };
const CHECKPOINTED: JobOptions = {
  ...OPTIONS,
  checkpointing: {
    intervalMs: 3_600_000,
    minPauseMs: 0,
    timeoutMs: 4_000,
    maxConcurrent: 1,
    toleratedFailures: 1_000,
    retained: 1,
    retention: null,
    unaligned: null,
    alignedTimeoutMs: null,
  },
};

/** Whatever the chance brings, one job grows into the slots that come. */
const GROWS: Step[] = [
  { do: 'join', tm: 0, slots: 2 },
  { do: 'submit', job: 0, widths: [4, 4], checkpoints: true },
  { do: 'wait', ms: 9_000, answered: true },
  { do: 'join', tm: 1, slots: 2 },
];

type Step =
  | { readonly do: 'join'; readonly tm: number; readonly slots: number }
  | { readonly do: 'leave' | 'silent' | 'heard'; readonly tm: number }
  | { readonly do: 'submit'; readonly job: number; readonly widths: readonly number[]; readonly checkpoints: boolean }
  | { readonly do: 'cancel'; readonly job: number }
  | { readonly do: 'load'; readonly loads: readonly number[] }
  /** Whether the TaskManagers answer meanwhile. */
  | { readonly do: 'wait'; readonly ms: number; readonly answered: boolean };

const tm = fc.nat(3);
const job = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), tm, slots: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ do: fc.constantFrom('leave' as const, 'silent' as const, 'heard' as const), tm }),
  fc.record({
    do: fc.constant('submit' as const),
    job,
    widths: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    checkpoints: fc.nat(3).map((chance) => chance > 0),
  }),
  fc.record({ do: fc.constant('cancel' as const), job }),
  fc.record({
    do: fc.constant('load' as const),
    loads: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 9_000 }),
      answered: fc.oneof(fc.constant(true), fc.constant(true), fc.boolean()),
    }),
  },
);

class Run {
  readonly cluster = new Cluster({ dynamic: DYNAMIC, restart: fixedDelay(-1, 0) });
  readonly moves: { readonly at: number; readonly jobId: string }[] = [];
  #names = 0;
  readonly #jobs = new Map<number, string>();

  take(current: Step): void {
    const { cluster } = this;
    switch (current.do) {
      case 'join':
        if (!cluster.state.taskManagers.has(`tm-${current.tm}`))
          this.note(cluster.when(register(`tm-${current.tm}`, current.slots)));
        return;
      case 'leave':
        return this.note(
          cluster.when({ type: 'TaskManagerGone', taskManagerId: `tm-${current.tm}`, reason: 'killed' }),
        );
      case 'silent':
        return this.note(
          cluster.when({ type: 'TaskManagerSilent', taskManagerId: `tm-${current.tm}`, silentForMs: 1 }),
        );
      case 'heard':
        return this.note(cluster.when({ type: 'TaskManagerHeard', taskManagerId: `tm-${current.tm}` }));
      case 'submit': {
        const name = `job-${++this.#names}`;
        this.#jobs.set(current.job, name);
        const graph = chain(...current.widths.map((parallelism) => ({ parallelism })));
        return this.note(cluster.when(submit(name, graph, { options: current.checkpoints ? CHECKPOINTED : OPTIONS })));
      }
      case 'cancel': {
        const name = this.#jobs.get(current.job);
        return name === undefined ? undefined : this.note(cluster.when(cancel(name)));
      }
      case 'load':
        cluster.policy = {
          ...cluster.policy,
          load: new Map(current.loads.map((load, index) => [`tm-${index}`, load])),
        };
        return;
      case 'wait':
        return this.wait(current.ms, current.answered);
      default:
        current satisfies never;
    }
  }

  /** Time passes from deadline to deadline; where they answer, tasks run, stop behind a savepoint, and ack at once. */
  wait(ms: number, answered: boolean): void {
    const { cluster } = this;
    const end = cluster.now + ms;
    for (;;) {
      if (answered) while (this.#answer());
      // As the leader's own state, it knows the time though nothing was decided.
      cluster.state.at = Math.max(cluster.state.at, cluster.now);
      const due = nextDeadline(cluster.state, cluster.policy);
      if (due === null || due > end) break;
      cluster.now = Math.max(cluster.now, due);
      this.note(cluster.when({ type: 'DeadlinePassed' }));
    }
    cluster.now = end;
    this.note(cluster.when({ type: 'DeadlinePassed' }));
    if (answered) while (this.#answer());
  }

  #answer(): boolean {
    const { cluster } = this;
    const events: ClusterEvent[] = [];
    const stopping = (jobId: string) => cluster.state.jobs.get(jobId)?.status.kind === 'STOPPING';
    const say = (id: string, state: AttemptState, choose: (subtask: Subtask) => boolean) => {
      const report = cluster.report(id, state, choose);
      if (report.attempts.length > 0) events.push(...cluster.when(report));
    };
    for (const id of cluster.state.taskManagers.keys()) {
      say(id, 'RUNNING', ({ state }) => state === 'DEPLOYING');
      say(id, 'CANCELED', ({ state }) => state === 'CANCELING');
      say(id, 'FINISHED', ({ jobId }) => stopping(jobId));
    }
    for (const { id: jobId, checkpoints } of [...cluster.state.jobs.values()]) {
      for (const { id: checkpointId, waitingFor } of [...checkpoints.pending.values()]) {
        const acks = [...waitingFor].map(({ vertex, index: subtask, attempt }) => ({
          vertex,
          subtask,
          attempt,
          handle: 'h',
          bytes: 1,
          shared: [],
          operators: [],
          metrics: null,
          inputEnded: false,
        }));
        events.push(
          ...cluster.when({
            type: 'CheckpointReport',
            taskManagerId: '',
            jobId,
            checkpointId,
            acks,
            declines: [],
            damaged: [],
          }),
          ...cluster.when({ type: 'ManifestWritten', jobId, checkpointId }),
        );
      }
    }
    this.note(events);
    return events.length > 0;
  }

  note(events: readonly ClusterEvent[]): void {
    for (const event of events) {
      if (event.type === 'CheckpointTriggered' && event.reason !== null)
        this.moves.push({ at: this.cluster.now, jobId: event.jobId });
    }
  }
}

describe(`dynamic scheduling (seed ${SEED})`, () => {
  it('never moves a job that has not rested, and comes to an end', () => {
    let moves = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const run = new Run();
        for (const current of steps) run.take(current);
        run.wait(20_000, true);
        for (const [index, { jobId, at }] of run.moves.entries()) {
          const next = run.moves.slice(index + 1).find((move) => move.jobId === jobId);
          expect(next === undefined || next.at - at >= DYNAMIC.cooldownMs).toBe(true);
        }
        // Nobody comes or goes any more, and load alone moves a job once in ten cool-downs: slots are settled long before.
        const { cluster } = run;
        cluster.policy = { ...cluster.policy, load: new Map() };
        for (const id of cluster.state.taskManagers.keys()) run.take({ do: 'heard', tm: Number(id.slice(3)) });
        run.wait(40_000, true);
        const settled = run.moves.length;
        run.wait(40_000, true);
        expect(run.moves.length).toBe(settled);
        moves += settled;
        for (const { status, slots, wantedParallelisms, options, vertices } of cluster.state.jobs.values()) {
          if (isTerminal(status) || status.kind !== 'RUNNING' || options.checkpointing === null) continue;
          const now = vertices.map(({ subtasks }) => subtasks.length);
          const free = [...cluster.state.taskManagers.values()].reduce(
            (sum, each) => sum + each.slots.length - each.usedSlots,
            0,
          );
          expect(slots.size).toBe(Math.max(...now));
          if (cluster.state.queue.size === 0 && free > 0)
            expect(now).toEqual(wantedParallelisms.map((most) => Math.min(most, Math.max(...now))));
          if (cluster.state.queue.size === 0 && free > 0)
            expect(Math.max(...now)).toBe(Math.max(...wantedParallelisms));
        }
      }),
      { seed: SEED, numRuns: RUNS, examples: [[GROWS]] },
    );
    // Or it would have shown nothing.
    expect(moves).toBeGreaterThan(0);
  });

  it('keeps a TaskManager that was started for a job while that job is moved onto it', () => {
    const driver = { slotsPerTaskManager: 1, maxTaskManagers: 2, requestTimeoutMs: 60_000, idleTimeoutMs: 50 };
    const run = new Run();
    const { cluster } = run;
    cluster.policy = { ...cluster.policy, driver, dynamic: { ...DYNAMIC, startTimeoutMs: 0 } };
    run.take({ do: 'join', tm: 0, slots: 1 });
    run.take({ do: 'submit', job: 0, widths: [2], checkpoints: true });
    run.wait(10, true);
    const [requestId = null] = cluster.state.requests.keys();
    cluster.when({ ...register('tm-1', 1), requestId });
    run.wait(1, true);
    // The barrier goes out, and for longer than a TaskManager may idle nobody acks it.
    while (run.moves.length === 0) run.wait(100, false);
    run.wait(1_000, false);
    expect(cluster.state.taskManagers.get('tm-1')?.status.kind).toBe('registered');
    run.wait(10_000, true);
    expect(cluster.subtasks('job-1').map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
  });

  it('starts no wider than it fits, as wide as it fits, and evenly', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ parallelism: fc.integer({ min: 1, max: 9 }), group: fc.constantFrom('a', 'b') }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(20),
        (vertices, slots) => {
          const cluster = new Cluster();
          cluster.when(
            submit(
              'job',
              chain(...vertices.map(({ parallelism, group }) => ({ parallelism, slotSharingGroup: group }))),
            ),
          );
          const needed = (limit: number) =>
            ['a', 'b'].reduce(
              (sum, name) =>
                sum +
                Math.max(
                  0,
                  ...vertices
                    .filter(({ group }) => group === name)
                    .map(({ parallelism }) => Math.min(parallelism, limit)),
                ),
              0,
            );
          let limit = 0;
          while (limit < 9 && needed(limit + 1) <= slots) limit++;
          expect(fittingParallelisms(cluster.job('job'), slots)).toEqual(
            limit === 0 ? null : vertices.map(({ parallelism }) => Math.min(parallelism, limit)),
          );
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
