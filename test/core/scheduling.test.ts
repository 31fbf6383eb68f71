// Who gets which slot, and when: the two worked examples, load balancing, sharing and co-location groups, priorities, age, delays, parents,
// regions, restart strategies, and TaskManagers that come and go on demand.
import { describe, expect, it } from 'vitest';
import { pendingEffects } from '../../src/core/effects.ts';
import { judgeFailure, NO_RESTART } from '../../src/core/restartStrategy.ts';
import type { JobOptions, RestartStrategy } from '../../src/core/schema.gen.ts';
import { nextDeadline } from '../../src/core/settle.ts';
import { Cluster, chain, fixedDelay, hex, OPTIONS, register, submit, summary } from './cluster.ts';

function placed(cluster: Cluster, name: string): string[] {
  return cluster
    .subtasks(name)
    .map(({ vertex, index, slot }) => `${vertex}[${index + 1}]@${slot?.taskManagerId}/${slot?.index}`);
}

function twoByTwo(policy = {}): Cluster {
  const cluster = new Cluster(policy);
  cluster.when(register('tm-1', 2));
  cluster.when(register('tm-2', 2));
  return cluster;
}

describe('the worked examples, without balancing', () => {
  it('(a) source/map at 4 and keyBy/window/sink at 4 share four slots', () => {
    const cluster = twoByTwo({ loadBalance: 'none' });
    cluster.when(submit('a', chain({ parallelism: 4 }, { parallelism: 4 })));
    expect(placed(cluster, 'a')).toEqual([
      '0[1]@tm-1/0',
      '0[2]@tm-1/1',
      '0[3]@tm-2/0',
      '0[4]@tm-2/1',
      '1[1]@tm-1/0',
      '1[2]@tm-1/1',
      '1[3]@tm-2/0',
      '1[4]@tm-2/1',
    ]);
  });

  it('(b) source/map at 2 and keyBy/window/sink at 4 are scheduled source first, in four slots in all', () => {
    const cluster = twoByTwo({ loadBalance: 'none' });
    const events = cluster.when(submit('b', chain({ parallelism: 2 }, { parallelism: 4 })));
    expect(
      events.flatMap((event) => (event.type === 'TaskDeployed' ? [`${event.vertex}[${event.subtask + 1}]`] : [])),
    ).toEqual(['0[1]', '0[2]', '1[1]', '1[2]', '1[3]', '1[4]']);
    expect(cluster.job('b').slots.size).toBe(4);
  });
});

describe('slots', () => {
  it('spread by slots in use, and between equals to the less loaded TaskManager', () => {
    const cluster = twoByTwo({ load: new Map([['tm-1', 0.9]]) });
    cluster.when(submit('one', chain({ parallelism: 1 })));
    expect(placed(cluster, 'one')).toEqual(['0[1]@tm-2/0']);
    cluster.when(submit('two', chain({ parallelism: 2 })));
    expect(placed(cluster, 'two')).toEqual(['0[1]@tm-1/0', '0[2]@tm-2/1']);
  });

  it('are counted per sharing group: groups never share', () => {
    const cluster = twoByTwo();
    cluster.when(submit('job', chain({ parallelism: 2 }, { parallelism: 2, slotSharingGroup: 'heavy' })));
    expect(cluster.job('job').slots.size).toBe(4);
  });

  it('hold co-located subtasks of one index together, and a group that cannot be is refused', () => {
    const cluster = twoByTwo({ loadBalance: 'tasks' });
    cluster.when(
      submit('job', chain({ parallelism: 2, coLocationGroup: 'c' }, { parallelism: 2, coLocationGroup: 'c' })),
    );
    const [a, b, c, d] = cluster.subtasks('job');
    expect([a?.slot, b?.slot]).toEqual([c?.slot, d?.slot]);
    const bad = chain({ parallelism: 1, coLocationGroup: 'c' }, { parallelism: 2, coLocationGroup: 'c' });
    expect(cluster.when(submit('bad', bad))).toMatchObject([
      { type: 'JobRejected', reason: expect.stringContaining('co-located') },
    ]);
  });
});

function queued(options: Partial<JobOptions>): { options: JobOptions } {
  return { options: { ...OPTIONS, ...options } };
}

describe('the queue', () => {
  it('serves higher priorities first, then the older', () => {
    const cluster = new Cluster();
    cluster.when(submit('low', chain({ parallelism: 1 })));
    cluster.when(submit('old', chain({ parallelism: 1 }), queued({ priority: 5 })));
    cluster.later(1).when(submit('young', chain({ parallelism: 1 }), queued({ priority: 5 })));
    const order = ['tm-1', 'tm-2', 'tm-3'].flatMap((id) =>
      cluster.when(register(id, 1)).flatMap((event) => (event.type === 'TaskDeployed' ? [event.jobId] : [])),
    );
    expect(order).toEqual([hex('old'), hex('young'), hex('low')]);
  });

  it('raises what waits, so that a low priority is served in the end', () => {
    const cluster = new Cluster({ agingMs: 1_000 });
    cluster.when(submit('low', chain({ parallelism: 1 })));
    cluster.later(6_000).when(submit('high', chain({ parallelism: 1 }), queued({ priority: 5 })));
    expect(cluster.when(register('tm-1', 1))).toContainEqual(
      expect.objectContaining({ type: 'TaskDeployed', jobId: hex('low') }),
    );
  });

  it('lets narrow jobs overtake a wide one only for so long', () => {
    const cluster = new Cluster({ starvationLimitMs: 5_000 });
    cluster.when(register('tm-1', 1));
    cluster.when(register('tm-2', 1));
    cluster.when(submit('first', chain({ parallelism: 1 })));
    cluster.when(submit('wide', chain({ parallelism: 2 })));
    cluster.when(submit('narrow', chain({ parallelism: 1 })));
    expect(cluster.job('narrow').live).toBe(1);
    cluster.later(5_000).when(submit('late', chain({ parallelism: 1 })));
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(cluster.job('late').status).toEqual({ kind: 'CREATED', queuedFor: 1 });
    cluster.when(cluster.report('tm-2', 'FINISHED'));
    expect(cluster.job('wide').live).toBe(2);
  });

  it('is served again with what a job further down gives back', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 2));
    cluster.when(submit('wide', chain({ parallelism: 2 }), queued({ startAt: cluster.now + 1_000 })));
    cluster.when(submit('narrow', chain({ parallelism: 1 })));
    cluster.later(1_000).when({ type: 'DeadlinePassed' });
    expect(cluster.job('wide').live).toBe(0);
    // Before it ever ran, so that it is still in the queue itself.
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(cluster.job('narrow').status.kind).toBe('FINISHED');
    expect(cluster.job('wide').live).toBe(2);
  });

  it('keeps no slots for a job any more that has got its own', () => {
    const cluster = new Cluster({ starvationLimitMs: 5_000 });
    cluster.when(register('tm-1', 3));
    cluster.when(submit('first', chain({ parallelism: 3 })));
    cluster.when(submit('wide', chain({ parallelism: 2 })));
    cluster.later(5_000).when(submit('narrow', chain({ parallelism: 1 })));
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect([cluster.job('wide').live, cluster.job('narrow').live]).toEqual([2, 1]);
  });

  it('keeps no slots for a job that is wider than the cluster', () => {
    const cluster = new Cluster({ starvationLimitMs: 5_000 });
    cluster.when(register('tm-1', 2));
    cluster.when(submit('wide', chain({ parallelism: 3 })));
    cluster.later(5_000).when(submit('late', chain({ parallelism: 1 })));
    expect(cluster.job('late').live).toBe(1);
  });

  it('lets a job that restarts go back to its own slots, whoever waits', () => {
    const cluster = new Cluster({ starvationLimitMs: 5_000 });
    cluster.when(register('tm-1', 2));
    cluster.when(submit('job', chain({ parallelism: 1 }), queued({ restartStrategy: fixedDelay(1, 0) })));
    cluster.when(submit('wide', chain({ parallelism: 2 })));
    cluster.later(5_000).when(cluster.report('tm-1', 'FAILED'));
    expect(cluster.job('job').live).toBe(1);
  });

  it('holds a job until its time, and a child until its parent has finished', () => {
    const cluster = twoByTwo();
    cluster.when(submit('later', chain({ parallelism: 1 }), queued({ startAt: cluster.now + 5_000 })));
    expect(cluster.job('later').live).toBe(0);
    expect(nextDeadline(cluster.state, cluster.policy)).toBe(cluster.now + 5_000);
    cluster.later(5_000).when({ type: 'DeadlinePassed' });
    expect(cluster.job('later').live).toBe(1);
    expect(
      cluster.when(submit('eager', chain({ parallelism: 1 }), queued({ parentJobId: hex('later') }))),
    ).toMatchObject([
      {
        type: 'JobRejected',
        code: 'PARENT_NOT_COMPLETED',
        reason: expect.stringContaining(`parent job ${hex('later')} is not yet completed`),
      },
    ]);
    cluster.when(
      submit('child', chain({ parallelism: 1 }), queued({ parentJobId: hex('later'), waitForParent: true })),
    );
    expect(cluster.job('child').live).toBe(0);
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(cluster.job('child').live).toBe(1);
  });

  it('fails a child whose parent cannot finish any more', () => {
    const cluster = new Cluster();
    cluster.when(submit('parent', chain({ parallelism: 1 })));
    cluster.when(
      submit('child', chain({ parallelism: 1 }), queued({ parentJobId: hex('parent'), waitForParent: true })),
    );
    cluster.when({ type: 'CancelJob', commandId: 'c', jobId: hex('parent') });
    expect(cluster.job('child').status).toMatchObject({ kind: 'FAILED', reason: expect.stringContaining('CANCELED') });
  });
});

describe('a failure', () => {
  it('restarts its pipelined region and nothing else', () => {
    const cluster = twoByTwo({ restart: fixedDelay(3, 0) });
    const forward = chain({ parallelism: 2 }, { parallelism: 2, inputs: [{ source: 0, strategy: 'FORWARD' }] });
    cluster.when(submit('job', forward));
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    cluster.when(cluster.report('tm-2', 'RUNNING'));
    const events = cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex }) => vertex === 0, 'boom'));
    expect(summary(events)).toBe('TaskFailed · JobRestarting · TaskCancelling');
    expect(summary(cluster.when(cluster.report('tm-1', 'CANCELED')))).toBe('TaskCancelled · TaskDeployed ×2');
    expect(cluster.subtasks('job').map(({ attempt, state }) => `${attempt} ${state}`)).toEqual([
      '1 DEPLOYING',
      '0 RUNNING',
      '1 DEPLOYING',
      '0 RUNNING',
    ]);
  });

  const failing = (restarts: number, restartTimes: number[], consecutiveRestarts = restarts) => {
    const cluster = twoByTwo();
    cluster.when(submit('job', chain({ parallelism: 1 })));
    return Object.assign(cluster.job('job'), { restarts, restartTimes, consecutiveRestarts });
  };
  const exponential: RestartStrategy = {
    ...NO_RESTART,
    kind: 'EXPONENTIAL_DELAY',
    attempts: -1,
    delayMs: 100,
    maxDelayMs: 1_000,
    backoffMultiplier: 2,
    resetAfterMs: 10_000,
  };
  it.each<[string, RestartStrategy, ReturnType<typeof failing>, number | null]>([
    ['none', NO_RESTART, failing(0, []), null],
    ['fixed delay', fixedDelay(2, 500), failing(1, [1]), 500],
    ['fixed delay, used up', fixedDelay(2, 500), failing(2, [1, 2]), null],
    ['fixed delay without limit', fixedDelay(-1, 500), failing(1_000, []), 500],
    ['exponential, first', exponential, failing(0, []), 100],
    ['exponential, third', exponential, failing(2, [98_000, 99_000]), 400],
    ['exponential, at its limit', exponential, failing(9, [99_999]), 1_000],
    ['exponential, after a calm time', exponential, failing(9, [90_000]), 100],
    [
      'failure rate, within',
      { ...NO_RESTART, kind: 'FAILURE_RATE', maxFailures: 2, intervalMs: 1_000, delayMs: 50 },
      failing(9, [1, 99_500]),
      50,
    ],
    [
      'failure rate, beyond',
      { ...NO_RESTART, kind: 'FAILURE_RATE', maxFailures: 2, intervalMs: 1_000, delayMs: 50 },
      failing(9, [99_400, 99_500]),
      null,
    ],
  ])('is judged by the strategy: %s', (_, strategy, job, delayMs) => {
    const verdict = judgeFailure(job, strategy, 100_000);
    expect(verdict.kind === 'restart' ? verdict.delayMs : null).toBe(delayMs);
  });
});

describe('a region', () => {
  it('is deployed while another waits for slots', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 1));
    cluster.when(register('tm-2', 1));
    cluster.when(submit('job', chain({ parallelism: 2 }), queued({ restartStrategy: fixedDelay(5, 0) })));
    cluster.when({ type: 'TaskManagerGone', taskManagerId: 'tm-2', reason: 'its connections closed' });
    expect(cluster.job('job').status).toMatchObject({ kind: 'RESTARTING', queuedFor: 2 });
    expect(pendingEffects(cluster.state)).toContainEqual(
      expect.objectContaining({ message: expect.objectContaining({ type: 'DeployTasks', taskManagerId: 'tm-1' }) }),
    );
  });
});

describe('TaskManagers on demand', () => {
  const driver = { slotsPerTaskManager: 2, maxTaskManagers: 3, requestTimeoutMs: 10_000, idleTimeoutMs: 30_000 };

  it('are requested where slots are short, once, and at most as many as allowed', () => {
    const cluster = new Cluster({ driver });
    const events = cluster.when(submit('job', chain({ parallelism: 3 })));
    expect(summary(events)).toBe('JobSubmitted · JobQueued · TaskManagerRequested ×2');
    expect(cluster.when({ type: 'DeadlinePassed' })).toEqual([]);
    expect(summary(cluster.when(submit('more', chain({ parallelism: 9 }))))).toBe(
      'JobSubmitted · JobQueued · TaskManagerRequested',
    );
    cluster.when({ ...register('tm-1', 2), requestId: 'request-1' });
    expect(summary(cluster.when({ ...register('tm-2', 2), requestId: 'request-2' }))).toContain('TaskDeployed ×3');
  });

  it('answer the oldest request where they cannot know which, and only once', () => {
    const cluster = new Cluster({ driver });
    cluster.when(submit('job', chain({ parallelism: 3 })));
    cluster.when({ ...register('pod-0', 2), requestId: 'any' });
    expect([...cluster.state.requests.keys()]).toEqual(['request-2']);
    cluster.when({ ...register('pod-0', 2), requestId: 'any' });
    expect([...cluster.state.requests.keys()]).toEqual(['request-2']);
    cluster.when({ ...register('pod-1', 2), requestId: 'any' });
    cluster.when({ ...register('pod-2', 2), requestId: 'any' });
    expect([...cluster.state.taskManagers.values()].map(({ requestId }) => requestId)).toEqual([
      'request-1',
      'request-2',
      'any',
    ]);
  });

  it('are requested again where one does not come', () => {
    const cluster = new Cluster({ driver });
    cluster.when(submit('job', chain({ parallelism: 1 })));
    expect(summary(cluster.later(10_000).when({ type: 'DeadlinePassed' }))).toBe(
      'TaskManagerRequestExpired · TaskManagerRequested',
    );
  });

  it('are released when idle, down to the desired number', () => {
    const cluster = new Cluster({ driver });
    cluster.when({ type: 'SetDesiredTaskManagers', commandId: 'd', desired: 2 });
    cluster.when({ ...register('tm-1', 2), requestId: 'request-1' });
    cluster.when({ ...register('tm-2', 2), requestId: 'request-2' });
    cluster.when({ ...register('tm-3', 2), requestId: 'request-3' });
    const { events, effects } = cluster.later(30_000).effectsAfter({ type: 'DeadlinePassed' });
    expect(summary(events)).toBe('TaskManagerReleasing');
    expect(effects).toContainEqual({ type: 'StopTaskManager', taskManagerId: 'tm-3' });
    cluster.when(submit('job', chain({ parallelism: 4 })));
    expect(placed(cluster, 'job').some((place) => place.includes('tm-3'))).toBe(false);
  });
});

describe('a TaskManager that was asked to stop', () => {
  it('counts as lost where it falls silent instead of saying that it stops', () => {
    const driver = { slotsPerTaskManager: 2, maxTaskManagers: 3, requestTimeoutMs: 10_000, idleTimeoutMs: 30_000 };
    const cluster = new Cluster({ driver });
    cluster.when({ ...register('tm-1', 2), requestId: 'request-1' });
    expect(summary(cluster.later(30_000).when({ type: 'DeadlinePassed' }))).toBe('TaskManagerReleasing');
    cluster.when({ type: 'TaskManagerSilent', taskManagerId: 'tm-1', silentForMs: 3_000 });
    cluster.later(500).when({ type: 'DeadlinePassed' });
    expect(cluster.state.taskManagers.size).toBe(0);
  });
});

describe('a job without a graph', () => {
  it('is planned first; the plan is recorded, a failed plan fails the job', () => {
    const cluster = twoByTwo();
    const { events, effects } = cluster.effectsAfter(submit('job', chain({ parallelism: 1 }), { graph: null }));
    expect(summary(events)).toBe('JobSubmitted');
    expect(effects).toContainEqual({ type: 'PlanJob', jobId: hex('job') });
    const plan = {
      type: 'PlanReady',
      jobId: hex('job'),
      artifact: { sha256: 'a7'.repeat(32), name: 'job.mjs' },
      graph: chain({ parallelism: 2 }),
      checkpointing: null,
    } as const;
    expect(summary(cluster.when(plan))).toBe('JobPlanned · SlotAllocated ×2 · TaskDeployed ×2');
    // What was planned is what the tasks run.
    expect(cluster.job('job').artifact).toEqual(plan.artifact);
    expect(cluster.when(plan)).toEqual([]);
    cluster.when(submit('bad', chain({ parallelism: 1 }), { graph: null }));
    cluster.when({ type: 'PlanFailed', jobId: hex('bad'), reason: 'SyntaxError' });
    expect(cluster.job('bad').status).toMatchObject({ kind: 'FAILED', reason: 'SyntaxError' });
  });
});

describe('a job whose artifact is given by name', () => {
  const named = { sha256: '', name: 'wordcount' };

  it('is accepted where the leader plans it, and runs the bundle that the plan names', () => {
    const cluster = twoByTwo();
    expect(summary(cluster.when(submit('job', chain({ parallelism: 1 }), { graph: null, artifact: named })))).toBe(
      'JobSubmitted',
    );
    expect(cluster.job('job').artifact).toEqual(named);
  });

  it.each([
    ['it comes with a graph', { artifact: named }, /must give artifact.sha256/],
    ['it has no name either', { graph: null, artifact: { sha256: '', name: '' } }, /neither a name nor a sha256/],
    ['its hash is none', { graph: null, artifact: { sha256: 'abc', name: 'x' } }, /not a sha256/],
    ['its name is endless', { graph: null, artifact: { sha256: '', name: 'x'.repeat(2_000) } }, /2000 characters/],
  ])('is refused where %s', (_, over, reason) => {
    const [rejected] = twoByTwo().when(submit('job', chain({ parallelism: 1 }), over));
    expect(rejected).toMatchObject({
      type: 'JobRejected',
      code: 'INVALID_COMMAND',
      reason: expect.stringMatching(reason),
    });
  });
});

describe('the JobGraphStore', () => {
  it('remembers ended jobs over a failover and forgets them after the expiration time', () => {
    const cluster = twoByTwo({ jobExpirationMs: 60_000 });
    cluster.when(submit('job', chain({ parallelism: 1 })));
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    cluster.claim('jm-2');
    expect(cluster.job('job').status.kind).toBe('FINISHED');
    expect(cluster.when(submit('job', chain({ parallelism: 1 })))).toMatchObject([
      { type: 'CommandAnswered', rejection: null },
    ]);
    expect(summary(cluster.later(60_000).when({ type: 'DeadlinePassed' }))).toBe('JobExpired');
    expect(cluster.state.jobs.size).toBe(0);
  });

  it('knows the command of a forgotten job: sent again it is no new one, another command is', () => {
    const cluster = twoByTwo({ jobExpirationMs: 60_000 });
    const command = submit('job', chain({ parallelism: 1 }));
    cluster.when(command);
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    cluster.later(60_000).when({ type: 'DeadlinePassed' });
    const known = cluster.when(command);
    expect(known).toMatchObject([{ type: 'CommandAnswered', jobId: command.jobId, rejection: null }]);
    cluster.claim('jm-2');
    expect(cluster.when(command)).toEqual(known);
    expect(cluster.when({ ...command, commandId: 'another' })[0]).toMatchObject({ type: 'JobSubmitted' });
  });
});
