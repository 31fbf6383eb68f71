// A job's life as decided by core: from submission to each of its ends, with slots short, tasks failing and TaskManagers lost.
import { describe, expect, it } from 'vitest';
import { Cluster, cancel, chain, fixedDelay, hex, register, submit, summary } from './cluster.ts';

const wordcount = chain({ parallelism: 2 }, { parallelism: 2 });

function running(policy = {}): Cluster {
  const cluster = new Cluster(policy);
  cluster.when(register('tm-1', 2));
  cluster.when(register('tm-2', 2));
  cluster.when(submit('wordcount', wordcount));
  cluster.when(cluster.report('tm-1', 'RUNNING'));
  cluster.when(cluster.report('tm-2', 'RUNNING'));
  expect(cluster.job('wordcount').status.kind).toBe('RUNNING');
  return cluster;
}

describe('a job', () => {
  it('is deployed source first, one slot per index of its sharing group, spread over TaskManagers', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 2));
    cluster.when(register('tm-2', 2));
    const events = cluster.when(submit('wordcount', wordcount));
    expect(summary(events)).toBe('JobSubmitted · SlotAllocated ×2 · TaskDeployed ×4');
    const deployed = events.filter((event) => event.type === 'TaskDeployed');
    expect(deployed.map(({ vertex, subtask, taskManagerId }) => `${vertex}/${subtask}@${taskManagerId}`)).toEqual([
      '0/0@tm-1',
      '0/1@tm-2',
      '1/0@tm-1',
      '1/1@tm-2',
    ]);
  });

  it('is RUNNING when all its tasks are, and FINISHED when all have finished, its slots free again', () => {
    const cluster = running();
    expect(summary(cluster.when(cluster.report('tm-1', 'FINISHED')))).toBe('TaskFinished ×2');
    expect(summary(cluster.when(cluster.report('tm-2', 'FINISHED')))).toBe(
      'TaskFinished ×2 · SlotReleased ×2 · JobFinished',
    );
  });

  it('waits in the queue while slots are short, without holding any, and starts when a TaskManager comes', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 1));
    expect(summary(cluster.when(submit('wordcount', wordcount)))).toBe('JobSubmitted · JobQueued');
    expect(cluster.job('wordcount').slots.size).toBe(0);
    expect(summary(cluster.when(register('tm-2', 1)))).toBe(
      'TaskManagerRegistered · SlotOffered · SlotAllocated ×2 · TaskDeployed ×4',
    );
  });

  it('gives its slots to the oldest waiting job when it ends', () => {
    const cluster = running();
    cluster.when(submit('wide', chain({ parallelism: 4 })));
    cluster.when(submit('narrow', chain({ parallelism: 3 })));
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    const events = cluster.when(cluster.report('tm-2', 'FINISHED'));
    expect(events.filter((event) => event.type === 'TaskDeployed').map((event) => event.jobId)).toEqual(
      Array(4).fill(hex('wide')),
    );
  });

  it('is cancelled: tasks are told, and it is CANCELED when all have stopped', () => {
    const cluster = running();
    expect(summary(cluster.when(cancel('wordcount')))).toBe('JobCancelling · CommandAnswered · TaskCancelling ×4');
    cluster.when(cluster.report('tm-1', 'CANCELED'));
    expect(summary(cluster.when(cluster.report('tm-2', 'CANCELED')))).toBe(
      'TaskCancelled ×2 · SlotReleased ×2 · JobCancelled',
    );
  });

  it('counts a task that fails while it is cancelled as cancelled', () => {
    const cluster = running();
    cluster.when(cancel('wordcount'));
    cluster.when(cluster.report('tm-1', 'FAILED', undefined, 'closed'));
    cluster.when(cluster.report('tm-2', 'CANCELED'));
    expect(cluster.job('wordcount').status.kind).toBe('CANCELED');
  });

  it('fails with the reason of its first failed task, after its other tasks were cancelled', () => {
    const cluster = running();
    const events = cluster.when(cluster.report('tm-1', 'FAILED', (subtask) => subtask.vertex === 0, 'Error: boom'));
    expect(summary(events)).toBe('TaskFailed · JobFailing · TaskCancelling ×3');
    cluster.when(cluster.report('tm-1', 'CANCELED'));
    cluster.when(cluster.report('tm-2', 'CANCELED'));
    expect(cluster.job('wordcount').status).toMatchObject({ kind: 'FAILED', reason: 'Error: boom' });
  });

  it('starts anew with new attempts, in its old slots, while the restart strategy allows it', () => {
    const cluster = running({ restart: fixedDelay(1, 1_000) });
    const before = cluster.subtasks('wordcount').map((subtask) => subtask.slot?.taskManagerId);
    cluster.when(cluster.report('tm-1', 'FAILED', (subtask) => subtask.vertex === 0, 'boom'));
    cluster.when(cluster.report('tm-1', 'CANCELED'));
    expect(summary(cluster.when(cluster.report('tm-2', 'CANCELED')))).toBe('TaskCancelled ×2');
    expect(summary(cluster.later(1_000).when({ type: 'DeadlinePassed' }))).toBe('TaskDeployed ×4');
    expect(cluster.subtasks('wordcount').map((subtask) => subtask.slot?.taskManagerId)).toEqual(before);
    expect(cluster.subtasks('wordcount').map((subtask) => subtask.attempt)).toEqual([1, 1, 1, 1]);
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    expect(summary(cluster.when(cluster.report('tm-2', 'RUNNING')))).toBe('TaskRunning ×2 · JobStarted');
    expect(summary(cluster.when(cluster.report('tm-2', 'FAILED', undefined, 'boom')))).toMatch(
      /^TaskFailed ×2 · JobFailing/,
    );
  });

  it('survives late, repeated and foreign reports unchanged', () => {
    const cluster = running();
    const finished = cluster.report('tm-1', 'FINISHED');
    cluster.when(finished);
    expect(cluster.when(finished)).toEqual([]);
    expect(cluster.when({ ...cluster.report('tm-2', 'FINISHED'), taskManagerId: 'tm-1' })).toEqual([]);
    expect(cluster.when(cluster.report('tm-2', 'RUNNING'))).toEqual([]);
  });
});

describe('a TaskManager', () => {
  it('is suspected, heard again in time, and keeps its tasks', () => {
    const cluster = running();
    expect(summary(cluster.when({ type: 'TaskManagerSilent', taskManagerId: 'tm-1', silentForMs: 3_000 }))).toBe(
      'TaskManagerSuspected',
    );
    expect(summary(cluster.later(400).when({ type: 'TaskManagerHeard', taskManagerId: 'tm-1' }))).toBe(
      'TaskManagerRecovered',
    );
    expect(cluster.later(400).when({ type: 'DeadlinePassed' })).toEqual([]);
    expect(cluster.job('wordcount').status.kind).toBe('RUNNING');
  });

  it('is lost after the fault-transfer delay; its tasks move to free slots elsewhere', () => {
    const cluster = running({ restart: fixedDelay(1, 0) });
    cluster.when({ type: 'TaskManagerSilent', taskManagerId: 'tm-1', silentForMs: 3_000 });
    const events = cluster.later(500).when({ type: 'DeadlinePassed' });
    expect(summary(events)).toBe('TaskManagerLost · JobRestarting · TaskCancelling ×2');
    expect(summary(cluster.when(cluster.report('tm-2', 'CANCELED')))).toBe(
      'TaskCancelled ×2 · SlotAllocated · TaskDeployed ×4',
    );
    expect(new Set(cluster.subtasks('wordcount').map((subtask) => subtask.slot?.taskManagerId))).toEqual(
      new Set(['tm-2']),
    );
  });

  it('that is suspected gets no new tasks', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 2));
    cluster.when({ type: 'TaskManagerSilent', taskManagerId: 'tm-1', silentForMs: 3_000 });
    expect(summary(cluster.when(submit('wordcount', wordcount)))).toBe('JobSubmitted · JobQueued');
    expect(summary(cluster.when({ type: 'TaskManagerHeard', taskManagerId: 'tm-1' }))).toBe(
      'TaskManagerRecovered · SlotAllocated ×2 · TaskDeployed ×4',
    );
  });

  it('that registers with attempts nobody counts is told to cancel them, and is told again what it missed', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 4));
    cluster.when(submit('wordcount', wordcount));
    const stray = {
      jobId: hex('old'),
      vertex: 0,
      subtask: 0,
      attempt: 3,
      state: 'RUNNING' as const,
      reason: null,
      recordsIn: 0,
      recordsOut: 0,
    };
    const { effects } = cluster.effectsAfter(register('tm-1', 4, [stray]));
    expect(effects.map((effect) => (effect.type === 'Assign' ? effect.message.type : effect.type))).toEqual([
      'RegistrationAccepted',
      'DeployTasks',
      'CancelTasks',
    ]);
  });

  it('that registers without an attempt which was under way to it is told of that again, and of its end', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 2));
    cluster.when(submit('wordcount', chain({ parallelism: 2 })));
    cluster.when(cancel('wordcount'));
    const { events, effects } = cluster.effectsAfter(register('tm-1', 2));
    expect(summary(events)).toBe('TaskManagerRegistered');
    expect(effects).toContainEqual(
      expect.objectContaining({ message: expect.objectContaining({ type: 'CancelTasks', taskManagerId: 'tm-1' }) }),
    );
  });

  it('whose registration comes a second time, late, keeps the tasks that it got since', () => {
    const cluster = new Cluster();
    const registration = register('tm-1', 2);
    cluster.when(registration);
    cluster.when(submit('wordcount', chain({ parallelism: 2 })));
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    expect(cluster.when(registration)).toEqual([]);
    expect(cluster.job('wordcount').status.kind).toBe('RUNNING');
  });

  it('that registers again without a running task has lost it', () => {
    const cluster = running();
    const events = cluster.when(register('tm-1', 2));
    expect(summary(events)).toBe('TaskFailed ×2 · TaskManagerRegistered · JobFailing · TaskCancelling ×2');
  });

  it('that leaves in order takes its tasks along at once', () => {
    const cluster = running();
    const events = cluster.when({ type: 'TaskManagerStopping', taskManagerId: 'tm-2', reason: 'SIGTERM' });
    expect(summary(events)).toBe('TaskManagerReleased · JobFailing · TaskCancelling ×2');
    expect(cluster.state.taskManagers.has('tm-2')).toBe(false);
  });

  it('shares its managed memory equally among its slots', () => {
    const cluster = new Cluster();
    cluster.when({ ...register('tm-1', 2), managedMemoryBytes: 8 * 1024 ** 3 });
    expect(cluster.state.taskManagers.get('tm-1')?.slots.map((slot) => slot.managedMemoryBytes)).toEqual([
      4 * 1024 ** 3,
      4 * 1024 ** 3,
    ]);
  });
});

describe('a command', () => {
  it('sent twice is one job and is answered twice', () => {
    const cluster = running();
    const { events, effects } = cluster.effectsAfter(submit('wordcount', wordcount));
    expect(summary(events)).toBe('CommandAnswered');
    expect(effects).toEqual([
      {
        type: 'Reply',
        message: {
          type: 'CommandReply',
          commandId: 'submit-wordcount',
          jobId: hex('wordcount'),
          rejection: null,
          message: 'submitted',
          path: null,
        },
      },
    ]);
  });

  it('with a job id that exists is refused', () => {
    const cluster = running();
    expect(cluster.when(submit('wordcount', wordcount, { commandId: 'another' }))).toMatchObject([
      { type: 'JobRejected', code: 'DUPLICATE_JOB' },
    ]);
  });

  it.each([
    ['no vertices', chain(), /no vertices/],
    ['parallelism 0', chain({ parallelism: 0 }), /parallelism 0/],
    ['parallelism 10⁹', chain({ parallelism: 1e9 }), /parallelism 1000000000/],
    ['a cycle', chain({ parallelism: 1, inputs: [{ source: 0, strategy: 'HASH' }] }), /cycles/],
    [
      'FORWARD between parallelisms',
      chain({ parallelism: 1 }, { parallelism: 2, inputs: [{ source: 0, strategy: 'FORWARD' }] }),
      /REBALANCE/,
    ],
  ])('whose graph has %s is refused with a reason', (_, graph, reason) => {
    const cluster = new Cluster();
    const events = cluster.when(submit('bad', graph));
    expect(events).toMatchObject([
      { type: 'JobRejected', code: 'INVALID_GRAPH', reason: expect.stringMatching(reason) },
    ]);
    expect(cluster.state.jobs.size).toBe(0);
  });

  it('to cancel an unknown or ended job is refused; a cancelled one is fine', () => {
    const cluster = running();
    expect(cluster.when(cancel('nothing'))).toMatchObject([{ rejection: 'UNKNOWN_JOB' }]);
    cluster.when(cancel('wordcount'));
    expect(cluster.when(cancel('wordcount', 'again'))).toMatchObject([{ rejection: null }]);
    cluster.when(cluster.report('tm-1', 'CANCELED'));
    cluster.when(cluster.report('tm-2', 'CANCELED'));
    cluster.when(submit('short', chain({ parallelism: 1 })));
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(cluster.when(cancel('short'))).toMatchObject([{ rejection: 'JOB_TERMINATED' }]);
  });
});
