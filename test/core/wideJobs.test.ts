// What the coordinator looks at when a job is wide: counted, not timed. Reads of subtasks by index are counted through proxies around the
// vertices' arrays; a decision about one task must not look at all, and a decision about all must look at each a fixed number of times.
import { describe, expect, it } from 'vitest';
import { propose } from '../../src/core/decide.ts';
import { effectsOf } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import type { Commit } from '../../src/core/schema.gen.ts';
import type { Job, Subtask } from '../../src/core/state.ts';
import { emptyState } from '../../src/core/state.ts';
import { chain, hex, OPTIONS, POLICY, register, submit } from './cluster.ts';

const CHECKPOINTING = {
  intervalMs: 10,
  minPauseMs: 0,
  timeoutMs: 600_000,
  maxConcurrent: 1,
  toleratedFailures: 0,
  retained: 1,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};
const RESTART = { ...OPTIONS, checkpointing: CHECKPOINTING };
const TASK_MANAGERS = 10;

class WideCluster {
  readonly state = emptyState();
  reads = 0;
  readonly #parallelism: number;

  /** The job waits: there are no slots yet. */
  constructor(parallelism: number) {
    this.#parallelism = parallelism;
    applyRecord(this.state, { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: 0 }, 0);
    this.when({ type: 'ClaimCounted', leaderId: 'jm-1', restAddress: 'http://127.0.0.1:1' });
    const width = { parallelism, maxParallelism: 32_768 };
    this.when(submit('wide', chain(width, width), { options: RESTART }));
    for (const vertex of this.job.vertices) {
      const counted = new Proxy(vertex.subtasks, {
        get: (subtasks, key, receiver) => {
          if (typeof key === 'string' && /^\d+$/.test(key)) this.reads++;
          return Reflect.get(subtasks, key, receiver);
        },
      });
      Object.defineProperty(vertex, 'subtasks', { value: counted });
    }
  }

  get job(): Job {
    return this.state.jobs.get(hex('wide'))!;
  }

  when(...inputs: readonly Input[]): Commit[] {
    return propose(
      this.state,
      inputs.map((input) => ({ at: this.state.at + 1, cause: null, input })),
      POLICY,
    );
  }

  /** Reads while it is decided, folded, and turned into effects. */
  readsOf(...inputs: readonly Input[]): number {
    const before = this.reads;
    for (const { events } of this.when(...inputs)) effectsOf(events, this.state);
    return this.reads - before;
  }

  registerAll(): number {
    const slots = this.#parallelism / TASK_MANAGERS;
    return this.readsOf(...Array.from({ length: TASK_MANAGERS }, (_, index) => register(`tm-${index}`, slots)));
  }

  subtasks(): Subtask[] {
    return this.job.vertices.flatMap(({ subtasks }) => [...subtasks]);
  }

  running(subtasks: readonly Subtask[]): Input[] {
    return subtasks.map(({ jobId, vertex, index, attempt, slot }) => ({
      type: 'TaskReport',
      taskManagerId: slot!.taskManagerId,
      attempts: [
        { jobId, vertex, subtask: index, attempt, state: 'RUNNING', reason: null, recordsIn: 0, recordsOut: 0 },
      ],
    }));
  }

  acks(subtasks: readonly Subtask[]): Input[] {
    return subtasks.map(({ jobId, vertex, index: subtask, attempt, slot }) => ({
      type: 'CheckpointReport',
      taskManagerId: slot!.taskManagerId,
      jobId,
      checkpointId: 1,
      acks: [
        { vertex, subtask, attempt, handle: '', bytes: 0, shared: [], operators: [], metrics: null, inputEnded: false },
      ],
      declines: [],
      damaged: [],
    }));
  }
}

/** Counts of the same story at two sizes. */
function counted<T>(story: (parallelism: number) => T): readonly [T, T] {
  return [story(100), story(800)];
}

describe('a wide job', () => {
  it('is deployed with a fixed number of looks at each subtask', () => {
    const [small, large] = counted((parallelism) => new WideCluster(parallelism).registerAll() / (2 * parallelism));
    expect(large).toBeLessThanOrEqual(small * 1.1);
  });

  it('costs the same for one report whatever its width', () => {
    const [small, large] = counted((parallelism) => {
      const cluster = new WideCluster(parallelism);
      cluster.registerAll();
      return cluster.readsOf(...cluster.running(cluster.subtasks().slice(0, 1)));
    });
    expect(small).toBeGreaterThan(0);
    expect(large).toBe(small);
  });

  it('costs the same for one ack whatever its width, and completes with the last', () => {
    const [small, large] = counted((parallelism) => {
      const cluster = new WideCluster(parallelism);
      cluster.registerAll();
      cluster.when(...cluster.running(cluster.subtasks()));
      cluster.state.at += CHECKPOINTING.intervalMs;
      cluster.when({ type: 'DeadlinePassed' });
      const [first, ...others] = cluster.acks(cluster.subtasks());
      const reads = cluster.readsOf(first!);
      cluster.when(...others);
      cluster.when({ type: 'ManifestWritten', jobId: cluster.job.id, checkpointId: 1 });
      expect(cluster.job.checkpoints.completed).toHaveLength(1);
      return reads;
    });
    expect(small).toBeGreaterThan(0);
    expect(large).toBe(small);
  });

  it('loses a TaskManager with a fixed number of looks at each subtask', () => {
    const [small, large] = counted((parallelism) => {
      const cluster = new WideCluster(parallelism);
      cluster.registerAll();
      cluster.when(...cluster.running(cluster.subtasks()));
      const reads = cluster.readsOf({ type: 'TaskManagerGone', taskManagerId: 'tm-3', reason: 'it is gone' });
      expect(cluster.job.status.kind).toBe('RESTARTING');
      return reads / (2 * parallelism);
    });
    expect(large).toBeLessThanOrEqual(small * 1.1);
  });
});
