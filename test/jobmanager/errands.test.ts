// What a leader has others do: planning, TaskManagers, discarded checkpoints. Done by whoever leads, until it has succeeded or is no longer
// wanted, and what comes back is decided like any input.
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import type { CheckpointConfig, JobGraph, SubmitJob } from '../../src/core/schema.gen.ts';
import { Errands } from '../../src/jobmanager/errands.ts';
import { PlanError, type Planned, type Planner, type PlanRequest } from '../../src/ports/planner.ts';
import type { TaskManagerDriver } from '../../src/ports/taskManagerDriver.ts';
import { Harness, type HarnessOptions, silentLogger, submitJob } from './harness.ts';

let harness: Harness;
afterEach(() => harness.stopAll());

const CHECKPOINTING: CheckpointConfig = {
  intervalMs: 1_000,
  minPauseMs: 0,
  timeoutMs: 10_000,
  maxConcurrent: 1,
  toleratedFailures: 0,
  retained: 1,
  retention: 'RETAIN_ON_CANCELLATION',
  unaligned: false,
  alignedTimeoutMs: 0,
};

/** Plans by hand: each request waits until the test settles it. */
class HandPlanner implements Planner {
  readonly requests: (PlanRequest & {
    readonly signal: AbortSignal;
    readonly resolve: (plan: Planned) => void;
    readonly reject: (error: Error) => void;
  })[] = [];

  plan(request: PlanRequest, signal: AbortSignal): Promise<Planned> {
    return new Promise((resolve, reject) => this.requests.push({ ...request, signal, resolve, reject }));
  }
}

class HandDriver implements TaskManagerDriver {
  readonly started: string[] = [];
  readonly stopped: string[] = [];
  failures = 0;

  async start(requestId: string): Promise<void> {
    this.started.push(requestId);
    if (this.failures-- > 0) throw new Error('no room');
  }

  async stop(taskManagerId: string): Promise<void> {
    this.stopped.push(taskManagerId);
    if (this.failures-- > 0) throw new Error('no answer');
  }
}

const ARTIFACT = { sha256: 'e'.repeat(64), name: 'job.mjs' };

function unplanned(number: number): SubmitJob {
  return { ...submitJob(number), graph: null, args: ['--fast'] };
}

function graphOf(number: number): JobGraph {
  const { graph } = submitJob(number);
  if (graph === null) throw new Error('has a graph');
  return graph;
}

async function open(options: HarnessOptions): Promise<void> {
  harness = await new Harness(options).open();
}

const statusOf = (number: number) =>
  harness.members.find(({ process }) => !process.killed)?.jobManager.state.jobs.get(submitJob(number).jobId)?.status;

describe('planning a job', () => {
  it('runs it with the graph and the checkpointing that come back', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    await harness.startLeader('jm-1');
    await harness.register('tm-1', 1);
    harness.heartbeat('tm-1');
    await harness.submit(unplanned(1));
    await harness.until(() => planner.requests.length === 1);
    expect(planner.requests[0]).toMatchObject({
      artifact: ARTIFACT,
      args: ['--fast'],
      parallelism: 1,
    });
    expect(statusOf(1)?.kind).toBe('INITIALIZING');
    planner.requests[0]?.resolve({ artifact: ARTIFACT, graph: graphOf(1), checkpointing: CHECKPOINTING });
    await harness.until(() => statusOf(1)?.kind === 'CREATED');
    const { events } = await harness.ledger();
    expect(events.find(({ type }) => type === 'JobPlanned')).toMatchObject({ checkpointing: CHECKPOINTING });
    expect(events.some(({ type }) => type === 'TaskDeployed')).toBe(true);
  });

  it('fails the job where it is at fault, and says why', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    await harness.startLeader('jm-1');
    await harness.submit(unplanned(1));
    await harness.until(() => planner.requests.length === 1);
    planner.requests[0]?.reject(new PlanError('job.mjs threw while its graph was built'));
    await harness.until(() => statusOf(1)?.kind === 'FAILED');
    expect(statusOf(1)).toMatchObject({ reason: 'job.mjs threw while its graph was built' });
  });

  it('is tried again where the job is not at fault, with growing pauses', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    await harness.startLeader('jm-1');
    await harness.submit(unplanned(1));
    const pauses: number[] = [];
    for (let tries = 1; tries <= 4; tries++) {
      pauses.push(await harness.until(() => planner.requests.length === tries));
      planner.requests[tries - 1]?.reject(new Error('no threads left'));
    }
    expect(pauses.slice(1).map((ms) => Math.round(ms / 100))).toEqual([5, 10, 20]);
    await harness.until(() => planner.requests.length === 5);
    planner.requests[4]?.resolve({ artifact: ARTIFACT, graph: graphOf(1), checkpointing: null });
    await harness.until(() => statusOf(1)?.kind === 'CREATED');
  });

  it('happens to so many at once, and to the others in turn', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner, maxPlans: 2 } });
    await harness.startLeader('jm-1');
    for (let number = 1; number <= 5; number++) await harness.submit(unplanned(number));
    await harness.clock.advance(5_000);
    expect(planner.requests).toHaveLength(2);
    for (let done = 0; done < 5; done++) {
      await harness.until(() => planner.requests.length > done);
      planner.requests[done]?.resolve({ artifact: ARTIFACT, graph: graphOf(done + 1), checkpointing: null });
    }
    await harness.until(() => [1, 2, 3, 4, 5].every((number) => statusOf(number)?.kind === 'CREATED'));
    expect(planner.requests).toHaveLength(5);
  });

  it('begins again under the next leader; what the last one still plans is ended and means nothing', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    const first = await harness.startLeader('jm-1');
    await harness.start('jm-2');
    await harness.submit(unplanned(1));
    await harness.until(() => planner.requests.length === 1);
    await harness.within(first.jobManager.stop());
    await harness.until(() => planner.requests.length === 2);
    expect(planner.requests[0]?.signal.aborted).toBe(true);
    expect(planner.requests[1]?.signal.aborted).toBe(false);
    planner.requests[0]?.reject(new PlanError('too late'));
    await harness.clock.advance(1_000);
    expect(harness.members[1]?.jobManager.state.jobs.get(submitJob(1).jobId)?.status.kind).toBe('INITIALIZING');
    planner.requests[1]?.resolve({ artifact: ARTIFACT, graph: graphOf(1), checkpointing: null });
    await harness.until(
      () => harness.members[1]?.jobManager.state.jobs.get(submitJob(1).jobId)?.status.kind === 'CREATED',
    );
  });

  it('refuses a graph that no record would hold, and leads on', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    const { jobManager } = await harness.startLeader('jm-1');
    await harness.submit(unplanned(1));
    await harness.until(() => planner.requests.length === 1);
    const graph = graphOf(1);
    const vertices = graph.vertices.map((vertex) => ({ ...vertex, name: 'x'.repeat(3_000_000) }));
    planner.requests[0]?.resolve({ artifact: ARTIFACT, graph: { ...graph, vertices }, checkpointing: null });
    await harness.until(() => statusOf(1)?.kind === 'FAILED');
    expect(statusOf(1)).toMatchObject({
      reason: expect.stringMatching(/takes \d+ bytes, more than \d+: give it fewer/),
    });
    expect(jobManager.role).toBe('leader');
    expect(jobManager.state.epoch).toBe(1);
  });

  it('is done once, however often it is asked for', async () => {
    const planner = new HandPlanner();
    await open({ errands: { planner } });
    const { jobManager } = await harness.startLeader('jm-1');
    await harness.submit(unplanned(1));
    await harness.until(() => planner.requests.length === 1);
    const told: string[] = [];
    const errands = new Errands({
      planner,
      driver: null,
      checkpoints: null,
      clock: harness.clock,
      background: (work) => void work,
      logger: silentLogger,
      state: jobManager.state,
      observe: ({ type }) => told.push(type) > 0,
    });
    for (let times = 0; times < 3; times++) errands.run({ type: 'PlanJob', jobId: submitJob(1).jobId });
    expect(planner.requests).toHaveLength(2);
    planner.requests[1]?.resolve({ artifact: ARTIFACT, graph: graphOf(1), checkpointing: null });
    await harness.until(() => told.length > 0);
    expect(told).toEqual(['PlanReady']);
  });

  it('is refused where nobody plans', async () => {
    await open({});
    await harness.startLeader('jm-1');
    await harness.submit(unplanned(1));
    await harness.until(() => statusOf(1)?.kind === 'FAILED');
    expect(statusOf(1)).toMatchObject({ reason: expect.stringContaining('submit the job with its graph') });
  });
});

describe('TaskManagers on demand', () => {
  const DRIVER = { slotsPerTaskManager: 2, maxTaskManagers: 4, requestTimeoutMs: 10_000, idleTimeoutMs: 5_000 };

  it('are started when slots are short and stopped when idle, tried again where that fails', async () => {
    const driver = new HandDriver();
    driver.failures = 2;
    await open({ policy: { driver: DRIVER }, errands: { driver } });
    await harness.startLeader('jm-1');
    await harness.submit(submitJob(1, 3));
    await harness.until(() => driver.started.length === 4);
    expect(driver.started.toSorted()).toEqual(['request-1', 'request-1', 'request-2', 'request-2']);
    // They come up, and the job ends.
    for (const number of [1, 2]) {
      const message = {
        type: 'RegisterTaskManager',
        taskManagerId: `tm-${number}`,
        pid: 1,
        host: '127.0.0.1',
        dataPort: 1,
        slots: 2,
        managedMemoryBytes: 0,
        registration: 1,
        attempts: [],
        requestId: `request-${number}`,
      } as const;
      await harness.within(harness.channels.append('status', [{ key: message.taskManagerId, message }]));
      harness.heartbeat(message.taskManagerId);
    }
    const { jobId } = submitJob(1);
    await harness.until(
      () => statusOf(1)?.kind === 'CREATED' && harness.members[0]?.jobManager.state.jobs.get(jobId)?.live === 6,
    );
    await harness.within(
      harness.channels.append('commands', [{ key: jobId, message: { type: 'CancelJob', commandId: 'c', jobId } }]),
    );
    await harness.until(() => statusOf(1)?.kind === 'CANCELLING');
    for (const taskManagerId of ['tm-1', 'tm-2']) {
      const attempts = [...(harness.members[0]?.jobManager.state.jobs.get(jobId)?.vertices ?? [])]
        .flatMap(({ subtasks }) => subtasks)
        .filter(({ slot }) => slot?.taskManagerId === taskManagerId)
        .map(({ vertex, index, attempt }) => ({
          jobId,
          vertex,
          subtask: index,
          attempt,
          state: 'CANCELED' as const,
          reason: null,
          recordsIn: 0,
          recordsOut: 0,
        }));
      const message = { type: 'TaskReport', taskManagerId, attempts } as const;
      await harness.within(harness.channels.append('status', [{ key: taskManagerId, message }]));
    }
    driver.failures = 1;
    await harness.until(() => driver.stopped.length === 3);
    expect(driver.stopped.toSorted()).toEqual(expect.arrayContaining(['tm-1', 'tm-2']));
    expect(driver.started).toHaveLength(4);
  });

  it('are asked for again by the next leader while they have not registered', async () => {
    const driver = new HandDriver();
    await open({ policy: { driver: DRIVER }, errands: { driver } });
    const first = await harness.startLeader('jm-1');
    await harness.start('jm-2');
    await harness.submit(submitJob(1, 1));
    await harness.until(() => driver.started.length === 1);
    harness.kill(first);
    await harness.until(() => driver.started.length === 2);
    expect(driver.started).toEqual(['request-1', 'request-1']);
  });
});

describe('discarded checkpoints', () => {
  it('are deleted one after the other; one that cannot be is given up', async () => {
    const discarded: number[] = [];
    const checkpoints = new MemoryStorage();
    checkpoints.remove = async (folder) => {
      const checkpointId = Number(/chk-(\d+)$/.exec(folder)?.[1]);
      discarded.push(checkpointId);
      if (checkpointId === 1) throw new Error('no permission');
    };
    await open({ errands: { checkpoints } });
    await harness.startLeader('jm-1');
    await harness.register('tm-1', 1);
    harness.heartbeat('tm-1');
    const command = submitJob(1);
    const { jobId } = command;
    await harness.submit({
      ...command,
      options: { ...command.options, checkpointing: { ...CHECKPOINTING, timeoutMs: 100, toleratedFailures: 100 } },
    });
    await harness.until(() => harness.members[0]?.jobManager.state.jobs.get(jobId)?.live === 2);
    const attempts = [0, 1].map((vertex) => ({
      jobId,
      vertex,
      subtask: 0,
      attempt: 0,
      state: 'RUNNING' as const,
      reason: null,
      recordsIn: 0,
      recordsOut: 0,
    }));
    const message = { type: 'TaskReport', taskManagerId: 'tm-1', attempts } as const;
    await harness.within(harness.channels.append('status', [{ key: 'tm-1', message }]));
    // Nobody acks: each is aborted in time.
    await harness.until(() => discarded.includes(3), 120_000);
    expect(discarded.filter((id) => id === 1)).toHaveLength(5);
    expect(discarded.filter((id) => id === 2)).toHaveLength(1);
  });
});
