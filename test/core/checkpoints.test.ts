// CheckpointCoordinator and what savepoints are for: trigger, ack, decline, time out, subsume; recovery from the newest complete one; pause,
// resume, stop, rescale.
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHECKPOINT_POLICY } from '../../src/core/checkpointConfig.ts';
import { checkpointDueAt } from '../../src/core/checkpointSchedule.ts';
import { type Effect, pendingEffects } from '../../src/core/effects.ts';
import type { Manifest } from '../../src/core/manifest.ts';
import type { CheckpointConfig, CheckpointReport, DeployTasks } from '../../src/core/schema.gen.ts';
import { nextDeadline } from '../../src/core/settle.ts';
import { Cluster, cancel, chain, hex, OPTIONS, register, submit, summary } from './cluster.ts';

const CHECKPOINTING: CheckpointConfig = {
  intervalMs: 1_000,
  minPauseMs: 200,
  timeoutMs: 5_000,
  maxConcurrent: 1,
  toleratedFailures: 1,
  retained: 2,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};

const NOTHING_SAID = {
  minPauseMs: null,
  timeoutMs: null,
  maxConcurrent: null,
  toleratedFailures: null,
  retained: null,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};

function running(checkpointing: CheckpointConfig | null = CHECKPOINTING, slots = 2): Cluster {
  const cluster = new Cluster();
  cluster.when(register('tm-1', slots));
  cluster.when(register('tm-2', slots));
  cluster.when(
    submit('job', chain({ parallelism: 2 }, { parallelism: 2 }), {
      parallelism: 2,
      options: { ...OPTIONS, checkpointing },
    }),
  );
  cluster.when(cluster.report('tm-1', 'RUNNING'));
  cluster.when(cluster.report('tm-2', 'RUNNING'));
  return cluster;
}

/** Lets time pass to the next deadline. */
function elapse(cluster: Cluster) {
  const next = nextDeadline(cluster.state, cluster.policy);
  if (next === null) throw new Error('nothing is due');
  cluster.now = Math.max(cluster.now, next);
  return cluster.effectsAfter({ type: 'DeadlinePassed' });
}

function acks(cluster: Cluster, checkpointId: number, taskManagerId: string): CheckpointReport {
  const { attempts } = cluster.report(taskManagerId, 'RUNNING');
  return {
    type: 'CheckpointReport',
    taskManagerId,
    jobId: hex('job'),
    checkpointId,
    acks: attempts.map(({ vertex, subtask, attempt }) => ({
      vertex,
      subtask,
      attempt,
      handle: `${checkpointId}/${vertex}-${subtask}`,
      bytes: 10,
      shared: [],
      operators: [],
      metrics: null,
      inputEnded: false,
    })),
    declines: [],
    damaged: [],
  };
}

/** What the leader's errand says once the manifest is there. */
function written(checkpointId: number) {
  return { type: 'ManifestWritten', jobId: hex('job'), checkpointId } as const;
}

/** All ack, and the manifest is written. */
function complete(cluster: Cluster, checkpointId: number) {
  return completeWithEffects(cluster, checkpointId).events;
}

function completeWithEffects(cluster: Cluster, checkpointId: number) {
  cluster.when(acks(cluster, checkpointId, 'tm-1'));
  const { effects } = cluster.effectsAfter(acks(cluster, checkpointId, 'tm-2'));
  expect(effects).toContainEqual({ type: 'WriteManifest', jobId: hex('job'), checkpointId });
  return cluster.effectsAfter(written(checkpointId));
}

describe('a periodic checkpoint', () => {
  it('is unaligned by option, from a time after its trigger on; a savepoint never is, and none begins beside it', () => {
    const cluster = running({ ...CHECKPOINTING, unaligned: true, alignedTimeoutMs: 70 });
    const sent = (effects: readonly Effect[]) =>
      effects.flatMap((effect) =>
        effect.type === 'Assign' && effect.message.type === 'TriggerCheckpoint' ? effect.message : [],
      );
    const [periodic] = sent(elapse(cluster).effects);
    expect(periodic).toMatchObject({ purpose: 'PERIODIC', unalignedAt: cluster.now + 70 });
    complete(cluster, 1);
    const order = { type: 'TriggerSavepoint', commandId: 's', jobId: hex('job'), targetPath: '/mine' } as const;
    const [savepoint] = sent(cluster.effectsAfter(order).effects);
    expect(savepoint).toMatchObject({ purpose: 'SAVEPOINT', unalignedAt: null });
    const expiresAt = cluster.job('job').checkpoints.pending.get(2)?.expiresAt;
    expect(nextDeadline(cluster.state, cluster.policy), 'no periodic one until it is over').toBe(expiresAt);
  });

  it('is triggered at the sources within the interval, and complete when every subtask has acked and its manifest is written', () => {
    const cluster = running();
    const { events, effects } = elapse(cluster);
    expect(summary(events)).toBe('CheckpointTriggered');
    expect(effects.map((effect) => effect.type === 'Assign' && effect.message)).toMatchObject([
      { type: 'TriggerCheckpoint', taskManagerId: 'tm-1', tasks: [{ vertex: 0, subtask: 0 }] },
      { type: 'TriggerCheckpoint', taskManagerId: 'tm-2', tasks: [{ vertex: 0, subtask: 1 }] },
    ]);
    expect(summary(cluster.when(acks(cluster, 1, 'tm-1')))).toBe('CheckpointAcked ×2');
    expect(cluster.when(acks(cluster, 1, 'tm-1')), 'a repeated ack').toEqual([]);
    expect(summary(cluster.when(acks(cluster, 1, 'tm-2')))).toBe('CheckpointAcked ×2');
    expect(summary(cluster.when(written(1)))).toBe('CheckpointCompleted');
    expect(cluster.when(acks(cluster, 1, 'tm-2')), 'a late ack').toEqual([]);
    expect(cluster.when(written(1)), 'a manifest that is written again').toEqual([]);
  });

  it('keeps its interval and the pause after the last, and never more than are allowed at once', () => {
    const cluster = running();
    elapse(cluster);
    const triggeredAt = cluster.now;
    expect(nextDeadline(cluster.state, cluster.policy), 'only its time-out is due').toBe(triggeredAt + 5_000);
    complete(cluster.later(900), 1);
    expect(nextDeadline(cluster.state, cluster.policy)).toBe(triggeredAt + 1_100);
  });

  it('has others beside it up to the number that is allowed, which may complete in any order', () => {
    const cluster = running({ ...CHECKPOINTING, maxConcurrent: 2, minPauseMs: 0 });
    elapse(cluster);
    expect(summary(elapse(cluster).events)).toBe('CheckpointTriggered');
    const expiresAt = cluster.job('job').checkpoints.pending.get(1)?.expiresAt;
    expect(nextDeadline(cluster.state, cluster.policy), 'no third one: only a time-out is due').toBe(expiresAt);
    expect(summary(complete(cluster, 2))).toBe('CheckpointCompleted');
    expect(cluster.job('job').checkpoints.completed.map(({ id }) => id)).toEqual([2]);
    expect(nextDeadline(cluster.state, cluster.policy)).toBeLessThan(expiresAt ?? 0);
  });

  it('is in step with no other job’s, also after a time without a leader', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 20));
    const options = { ...OPTIONS, checkpointing: { ...CHECKPOINTING, timeoutMs: 60_000, minPauseMs: 0 } };
    for (let job = 0; job < 20; job++) cluster.when(submit(`job-${job}`, chain({ parallelism: 1 }), { options }));
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    const jobs = [...cluster.state.jobs.values()];
    const spread = () => {
      const due = jobs.map((job) => checkpointDueAt(job) ?? 0);
      expect(Math.max(...due) - Math.min(...due)).toBeLessThan(CHECKPOINTING.intervalMs * 1.5);
      return new Set(due).size;
    };
    expect(spread()).toBeGreaterThan(15);
    cluster.later(10_000).claim('jm-2');
    cluster.when({ type: 'DeadlinePassed' });
    expect(jobs.every(({ checkpoints }) => checkpoints.lastTriggeredAt === cluster.now)).toBe(true);
    for (const { id: jobId, checkpoints } of jobs) {
      const attempts = cluster.report('tm-1', 'RUNNING', (subtask) => subtask.jobId === jobId).attempts;
      const acked = attempts.map((attempt) => ({ ...attempt, handle: '', bytes: 0, shared: [], operators: [] }));
      const id = { jobId, checkpointId: checkpoints.nextId - 1 };
      const done = { metrics: null, inputEnded: false };
      const answer = { declines: [], damaged: [], acks: acked.map((ack) => ({ ...ack, ...done })) };
      cluster.when({ type: 'CheckpointReport', taskManagerId: 'tm-1', ...id, ...answer });
      cluster.when({ type: 'ManifestWritten', ...id });
    }
    expect(spread()).toBeGreaterThan(15);
  });

  it('is taken of jobs that ask for none where the cluster says so, and as it says', () => {
    const policy = {
      ...DEFAULT_CHECKPOINT_POLICY,
      intervalMs: 700,
      minPauseMs: 50,
      timeoutMs: 9_000,
      maxConcurrent: 3,
      toleratedFailures: 2,
    };
    const cluster = new Cluster({ checkpoints: policy });
    const { intervalMs, ...open } = { ...CHECKPOINTING, ...NOTHING_SAID };
    const recorded = (name: string) => cluster.job(name).options.checkpointing;
    cluster.when(submit('silent', chain({ parallelism: 1 })));
    expect(recorded('silent')).toEqual(policy);
    cluster.when(
      submit('own', chain({ parallelism: 1 }), {
        options: { ...OPTIONS, checkpointing: { intervalMs, ...open, timeoutMs: 5_000, unaligned: true } },
      }),
    );
    expect(recorded('own')).toEqual({ ...policy, intervalMs, timeoutMs: 5_000, maxConcurrent: 1, unaligned: true });
    // What the leader plans is settled when its program has had its say.
    for (const [name, checkpointing] of [
      ['planned', { intervalMs, ...open }],
      ['planned silent', null],
    ] as const) {
      const { jobId, artifact } = submit(name, chain({ parallelism: 1 }));
      cluster.when({ ...submit(name, chain({ parallelism: 1 })), graph: null });
      expect(recorded(name)).toBeNull();
      cluster.when({ type: 'PlanReady', jobId, artifact, graph: chain({ parallelism: 1 }), checkpointing });
      expect(recorded(name)).toEqual(checkpointing === null ? policy : { ...policy, intervalMs });
    }
    cluster.policy = { ...cluster.policy, checkpoints: DEFAULT_CHECKPOINT_POLICY };
    cluster.when(submit('none', chain({ parallelism: 1 })));
    expect(recorded('none')).toBeNull();
  });

  it('begun under one leader completes under the next, which asks for the barrier again', () => {
    const cluster = running();
    elapse(cluster);
    cluster.when(acks(cluster, 1, 'tm-1'));
    expect(summary(cluster.claim('jm-2'))).toBe('LeadershipConfirmed');
    cluster.when(acks(cluster, 1, 'tm-2'));
    cluster.claim('jm-3');
    expect(pendingEffects(cluster.state), 'the manifest again').toContainEqual({
      type: 'WriteManifest',
      jobId: hex('job'),
      checkpointId: 1,
    });
    expect(summary(cluster.when(written(1)))).toBe('CheckpointCompleted');
  });

  it('whose manifest cannot be written fails, with the reason', () => {
    const cluster = running();
    elapse(cluster);
    cluster.when(acks(cluster, 1, 'tm-1'));
    expect(cluster.when({ ...written(1), type: 'ManifestFailed', reason: 'early' }), 'not asked for').toHaveLength(1);
    elapse(cluster);
    cluster.when(acks(cluster, 2, 'tm-1'));
    cluster.when(acks(cluster, 2, 'tm-2'));
    const { events, effects } = cluster.effectsAfter({ ...written(2), type: 'ManifestFailed', reason: 'disk full' });
    expect(events).toMatchObject([
      { type: 'CheckpointAborted', reason: 'disk full' },
      { type: 'JobRestarting' },
      { type: 'TaskCancelling' },
      { type: 'TaskCancelling' },
      { type: 'TaskCancelling' },
      { type: 'TaskCancelling' },
    ]);
    expect(effects).toContainEqual({
      type: 'DiscardCheckpoint',
      jobId: hex('job'),
      checkpointId: 2,
      targetPath: null,
    });
    expect(cluster.job('job').checkpoints.failures).toMatchObject([{ id: 1 }, { id: 2, acked: 4, subtasks: 4 }]);
  });

  it('aborted because tasks finished is no failure of checkpointing', () => {
    const cluster = running({ ...CHECKPOINTING, toleratedFailures: 0 });
    elapse(cluster);
    expect(summary(cluster.when(cluster.report('tm-1', 'FINISHED', ({ vertex }) => vertex === 0)))).toBe(
      'TaskFinished · CheckpointAborted',
    );
    expect(cluster.job('job').status.kind).toBe('RUNNING');
  });

  it('is aborted when a subtask declines, when its time is up, and when a task ends', () => {
    const cluster = running({ ...CHECKPOINTING, toleratedFailures: 9 });
    elapse(cluster);
    const report = acks(cluster, 1, 'tm-1');
    const declines = report.acks
      .slice(0, 1)
      .map(({ vertex, subtask, attempt }) => ({ vertex, subtask, attempt, reason: 'disk full' }));
    expect(summary(cluster.when({ ...report, acks: [], declines }))).toBe('CheckpointDeclined · CheckpointAborted');
    elapse(cluster);
    expect(elapse(cluster).events).toMatchObject([
      { type: 'CheckpointAborted', reason: expect.stringContaining('had not acked') },
    ]);
    elapse(cluster);
    expect(cluster.when(cluster.report('tm-1', 'FINISHED', ({ vertex }) => vertex === 0))).toMatchObject([
      { type: 'TaskFinished' },
      { type: 'CheckpointAborted' },
    ]);
  });

  it('that fails more often in a row than is tolerated makes the job restart', () => {
    const cluster = running();
    elapse(cluster);
    elapse(cluster);
    elapse(cluster);
    expect(summary(elapse(cluster).events)).toBe('CheckpointAborted · JobRestarting · TaskCancelling ×4');
  });

  it('subsumes older ones beyond those retained', () => {
    const cluster = running();
    for (const id of [1, 2]) {
      elapse(cluster);
      complete(cluster, id);
    }
    elapse(cluster);
    const { events, effects } = completeWithEffects(cluster, 3);
    expect(summary(events)).toBe('CheckpointCompleted · CheckpointSubsumed');
    expect(effects).toContainEqual({
      type: 'DiscardCheckpoint',
      jobId: hex('job'),
      checkpointId: 1,
      targetPath: null,
    });
    expect(cluster.job('job').checkpoints.completed.map(({ id }) => id)).toEqual([2, 3]);
  });

  it('is where a restart begins: each subtask gets its own state of the newest complete one', () => {
    const cluster = running();
    elapse(cluster);
    complete(cluster, 1);
    elapse(cluster);
    cluster.when(acks(cluster, 2, 'tm-1'));
    expect(summary(cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex }) => vertex === 0, 'boom')))).toBe(
      'TaskFailed · CheckpointAborted · JobRestarting · TaskCancelling ×3',
    );
    cluster.when(cluster.report('tm-1', 'CANCELED'));
    cluster.when(cluster.report('tm-2', 'CANCELED'));
    const { effects } = elapse(cluster);
    const deployments = effects.flatMap((effect) => (effect.type === 'Assign' ? [effect.message as DeployTasks] : []));
    expect(
      deployments.map(({ taskManagerId, restore }) => [
        taskManagerId,
        restore?.checkpointId,
        restore?.states.map(({ handle }) => handle),
      ]),
    ).toEqual([
      ['tm-1', 1, ['1/0-0', '1/1-0']],
      ['tm-2', 1, ['1/0-1', '1/1-1']],
    ]);
  });
});

describe('a savepoint', () => {
  const order = { type: 'TriggerSavepoint', commandId: 's-1', jobId: hex('job'), targetPath: '/mine' } as const;

  it('works without periodic checkpoints and is answered with its path when complete', () => {
    const cluster = running(null);
    expect(summary(cluster.when(order))).toBe('CheckpointTriggered');
    expect(cluster.when(order), 'the same command again').toEqual([]);
    expect(complete(cluster, 1)).toMatchObject([
      { type: 'CommandAnswered', rejection: null, path: expect.stringMatching(/^\/mine\/savepoint-/) },
      { type: 'CheckpointCompleted' },
      { type: 'SavepointCompleted' },
    ]);
    expect(cluster.job('job').checkpoints.completed, 'recovery does not rely on what the owner may delete').toEqual([]);
  });

  it('of a job that does not run, or that fails, is refused with the reason', () => {
    const cluster = running(null);
    cluster.when(order);
    expect(cluster.when(cancel('job'))).toContainEqual(
      expect.objectContaining({ type: 'CommandAnswered', rejection: 'SAVEPOINT_FAILED' }),
    );
    expect(cluster.when({ ...order, commandId: 's-2' })).toMatchObject([{ rejection: 'JOB_NOT_RUNNING' }]);
  });

  it('stops the job as FINISHED', () => {
    const cluster = running(null);
    cluster.when({ ...order, type: 'StopWithSavepoint', drain: false });
    expect(summary(complete(cluster, 1))).toBe(
      'CommandAnswered · CheckpointCompleted · SavepointCompleted · JobStopping',
    );
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(summary(cluster.when(cluster.report('tm-2', 'FINISHED')))).toBe(
      'TaskFinished ×2 · SlotReleased ×2 · JobFinished',
    );
  });

  it('does not call the job FINISHED where tasks failed behind the barrier: their last results may be uncommitted', () => {
    const cluster = running(null);
    cluster.when({ ...order, type: 'StopWithSavepoint', drain: false });
    complete(cluster, 1);
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    cluster.when({ type: 'TaskManagerGone', taskManagerId: 'tm-2', reason: 'its connections closed' });
    expect(cluster.job('job').status).toMatchObject({
      kind: 'FAILED',
      reason: expect.stringMatching(/stopped with savepoint \/mine\/savepoint-.*start from the savepoint/),
    });
  });

  /** A checkpoint is complete, and a stop with drain is under way as checkpoint 2. */
  function draining(): Cluster {
    const cluster = running();
    elapse(cluster);
    complete(cluster, 1);
    cluster.when({ ...order, type: 'StopWithSavepoint', drain: true });
    return cluster;
  }

  const fails = {
    'a decline': (cluster: Cluster) => {
      const { acks: all, ...report } = acks(cluster, 2, 'tm-1');
      const [{ vertex, subtask, attempt }] = all as [(typeof all)[number]];
      cluster.when({ ...report, acks: [], declines: [{ vertex, subtask, attempt, reason: 'no space' }] });
    },
    'its manifest': (cluster: Cluster) => {
      cluster.when(acks(cluster, 2, 'tm-1'));
      cluster.when(acks(cluster, 2, 'tm-2'));
      cluster.when({ type: 'ManifestFailed', jobId: hex('job'), checkpointId: 2, reason: 'no space' });
    },
    'its time-out': (cluster: Cluster) => void elapse(cluster),
    'a task': (cluster: Cluster) => void cluster.when(cluster.report('tm-1', 'FAILED')),
  };
  for (const [why, fail] of Object.entries(fails)) {
    it(`that drained it restarts the job from its newest checkpoint where it fails by ${why}`, () => {
      const cluster = draining();
      fail(cluster);
      const job = cluster.job('job');
      expect(job.status).toMatchObject({
        kind: 'RESTARTING',
        reason: expect.stringMatching(/^the savepoint of stop --drain/),
      });
      expect(job.checkpoints).toMatchObject({ pending: new Map(), counts: { failed: 1 } });
      expect(job.vertices.flatMap(({ subtasks }) => subtasks.filter(({ state }) => state === 'RUNNING'))).toEqual([]);
    });
  }

  it('that did not drain it leaves the job running where it fails', () => {
    const cluster = running();
    cluster.when({ ...order, type: 'StopWithSavepoint', drain: false });
    elapse(cluster);
    expect(cluster.job('job').status.kind).toBe('RUNNING');
  });

  it('pauses the job: no slot is held, and it resumes from its state', () => {
    const cluster = running(null);
    cluster.when({ type: 'PauseJob', commandId: 'p', jobId: hex('job') });
    complete(cluster, 1);
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    expect(summary(cluster.when(cluster.report('tm-2', 'FINISHED')))).toBe(
      'TaskFinished ×2 · SlotReleased ×2 · JobPaused',
    );
    expect(cluster.job('job')).toMatchObject({ status: { kind: 'SUSPENDED' }, live: 0 });
    cluster.claim('jm-2');
    expect(cluster.job('job').status.kind, 'a new leader leaves it paused').toBe('SUSPENDED');
    const { events, effects } = cluster.effectsAfter({ type: 'ResumeJob', commandId: 'r', jobId: hex('job') });
    expect(summary(events)).toBe('JobResumed · CommandAnswered · SlotAllocated ×2 · TaskDeployed ×4');
    expect(effects.find((effect) => effect.type === 'Assign')).toMatchObject({
      message: { restore: { checkpointId: 1 } },
    });
  });

  it('rescales the job: every subtask of a changed vertex gets all of its state, attempts go on counting', () => {
    const cluster = running(null);
    cluster.when({ type: 'RescaleJob', commandId: 'x', jobId: hex('job'), parallelism: 3 });
    complete(cluster, 1);
    cluster.when(cluster.report('tm-1', 'FINISHED'));
    const { events, effects } = cluster.effectsAfter(cluster.report('tm-2', 'FINISHED'));
    expect(summary(events)).toBe(
      'TaskFinished ×2 · SlotReleased ×2 · JobRescaled · SlotAllocated ×3 · TaskDeployed ×6',
    );
    expect(cluster.subtasks('job').map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
    const deployment = effects.flatMap((effect) =>
      effect.type === 'Assign' ? [effect.message as DeployTasks] : [],
    )[0];
    expect(deployment?.restore).toMatchObject({ checkpointId: 1, parallelisms: [2, 2] });
    expect(deployment?.restore?.states).toHaveLength(4);
  });

  it('to an impossible parallelism is refused', () => {
    const cluster = running(null);
    const rescale = (parallelism: number) =>
      cluster.when({ type: 'RescaleJob', commandId: `x-${parallelism}`, jobId: hex('job'), parallelism });
    expect(rescale(0)).toMatchObject([{ rejection: 'NOT_RESCALABLE' }]);
    expect(rescale(1_000)).toMatchObject([
      { rejection: 'NOT_RESCALABLE', message: expect.stringContaining('max parallelism 128') },
    ]);
    expect(rescale(2)).toMatchObject([{ rejection: 'NOT_RESCALABLE' }]);
  });
});

describe('a damaged checkpoint', () => {
  const STATE = (id: number) => `${id}/0-0`;

  /** Two complete checkpoints; then the tasks fail, and one that starts again finds its state damaged. */
  function restarted(completed: number): Cluster {
    const cluster = running({ ...CHECKPOINTING, retained: 2 });
    for (let id = 1; id <= completed; id++) {
      elapse(cluster);
      complete(cluster, id);
    }
    fail(cluster);
    return cluster;
  }

  function fail(cluster: Cluster): void {
    cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex }) => vertex === 0, 'boom'));
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'CANCELED'));
    elapse(cluster);
  }

  function damaged(cluster: Cluster, id: number) {
    const task = { vertex: 0, subtask: 0, attempt: cluster.subtasks('job')[0]?.attempt ?? 0 };
    return cluster.when({
      type: 'CheckpointReport',
      taskManagerId: 'tm-1',
      jobId: hex('job'),
      checkpointId: id,
      acks: [],
      declines: [],
      damaged: [{ ...task, handle: STATE(id), reason: 'its bytes have changed' }],
    });
  }

  /** What attempts are told to start from: checkpoint by `vertex/subtask#attempt`. */
  function told(effects: readonly Effect[]): Record<string, number | undefined> {
    const starts: Record<string, number | undefined> = {};
    for (const effect of effects) {
      if (effect.type !== 'Assign' || effect.message.type !== 'DeployTasks') continue;
      const { tasks, restore } = effect.message;
      for (const { vertex, subtask, attempt } of tasks)
        starts[`${vertex}/${subtask}#${attempt}`] = restore?.checkpointId;
    }
    return starts;
  }

  it('is passed over for the one before, once however many report it', () => {
    const cluster = restarted(2);
    expect(damaged(cluster, 2)).toMatchObject([
      { type: 'JobRestarting', reason: 'checkpoint 2 is damaged: its bytes have changed', regions: [0] },
      { type: 'CheckpointDamaged', checkpointId: 2, handle: STATE(2) },
      ...Array.from({ length: 4 }, () => ({ type: 'TaskCancelling' })),
    ]);
    expect(damaged(cluster, 2)).toEqual([]);
    // The one that found it fails; to the ledger it has been cancelled, and the job restarts once.
    cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex }) => vertex === 0, 'its state is damaged'));
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'CANCELED'));
    elapse(cluster);
    expect(cluster.job('job').restarts).toBe(2);
    expect(Object.values(told(pendingEffects(cluster.state)))).toEqual([1, 1, 1, 1]);
  });

  it('has regions that are being deployed start anew, and leaves those that run alone', () => {
    const cluster = new Cluster();
    for (const id of ['tm-1', 'tm-2']) cluster.when(register(id, 2));
    const forward = { inputs: [{ source: 0, strategy: 'FORWARD' as const }] };
    cluster.when(
      submit('job', chain({ parallelism: 3 }, { parallelism: 3, ...forward }), {
        parallelism: 3,
        options: { ...OPTIONS, checkpointing: { ...CHECKPOINTING, retained: 2 } },
      }),
    );
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'RUNNING'));
    for (const id of [1, 2]) {
      elapse(cluster);
      complete(cluster, id);
    }
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'FAILED'));
    elapse(cluster);
    const first = told(pendingEffects(cluster.state));
    expect(Object.values(first)).toEqual([2, 2, 2, 2, 2, 2]);
    // Region 0 runs, region 1 half, and a task of region 2 finds its state damaged.
    const ofRegion = (region: number, ...vertices: number[]) =>
      [...['tm-1', 'tm-2']].forEach((id) => {
        const report = cluster.report(
          id,
          'RUNNING',
          ({ vertex, index }) => index === region && vertices.includes(vertex),
        );
        if (report.attempts.length > 0) cluster.when(report);
      });
    ofRegion(0, 0, 1);
    ofRegion(1, 0);
    const events = damaged(cluster, 2);
    expect(events[0]).toMatchObject({ type: 'JobRestarting', regions: [1, 2] });
    // A TaskManager that registers again is told what it may have missed, and a new leader says all that is not done.
    const known = cluster.report('tm-1', 'RUNNING').attempts;
    const again = cluster.effectsAfter(register('tm-1', 2, known)).effects;
    for (const effects of [again, pendingEffects(cluster.state)]) expect(told(effects)).toEqual({});
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'CANCELED', ({ index }) => index > 0));
    elapse(cluster);
    expect(told(pendingEffects(cluster.state))).toEqual({ '0/1#2': 1, '0/2#2': 1, '1/1#2': 1, '1/2#2': 1 });
  });

  it('is never deleted: a disk that is not mounted may have been taken for damage', () => {
    const cluster = restarted(2);
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'RUNNING'));
    const speculative = cluster.effectsAfter({
      type: 'CheckpointReport',
      taskManagerId: 'tm-1',
      jobId: hex('job'),
      checkpointId: 2,
      acks: [],
      declines: [],
      damaged: [{ vertex: 0, subtask: 0, attempt: 9, handle: STATE(2), reason: 'gone' }],
    });
    expect(speculative.effects).toEqual([]);
  });

  it('that was the last fails the job with the reason, whatever its restart strategy', () => {
    const cluster = restarted(1);
    expect(damaged(cluster, 1)).toMatchObject([
      { type: 'CheckpointDamaged', checkpointId: 1 },
      { type: 'JobFailing', reason: expect.stringMatching(/no undamaged checkpoint is left/) },
      ...Array.from({ length: 4 }, () => ({ type: 'TaskCancelling' })),
    ]);
    cluster.when(cluster.report('tm-1', 'FAILED', ({ vertex }) => vertex === 0, 'its state is damaged'));
    for (const id of ['tm-1', 'tm-2']) cluster.when(cluster.report(id, 'CANCELED'));
    expect(cluster.job('job').status).toMatchObject({
      kind: 'FAILED',
      reason: expect.stringMatching(/no undamaged checkpoint is left.*its bytes have changed/),
    });
  });
});

describe('what a job leaves when it ends', () => {
  const cancelled = (cluster: Cluster): Effect[] => {
    cluster.when(cancel('job'));
    return ['tm-1', 'tm-2'].flatMap((id) => cluster.effectsAfter(cluster.report(id, 'CANCELED')).effects);
  };

  it.each([
    ['NO_EXTERNALIZED_CHECKPOINTS', 1],
    ['DELETE_ON_CANCELLATION', 1],
    ['RETAIN_ON_CANCELLATION', 0],
  ] as const)('cancelled with %s', (retention, discards) => {
    const cluster = running({ ...CHECKPOINTING, retention });
    expect(cancelled(cluster).filter(({ type }) => type === 'DiscardJob')).toHaveLength(discards);
    // Should the leader have died before it had done so.
    expect(pendingEffects(cluster.state).filter(({ type }) => type === 'DiscardJob')).toHaveLength(discards);
  });

  it('keeps nothing of a job that finished', () => {
    const cluster = running({ ...CHECKPOINTING, retention: 'RETAIN_ON_CANCELLATION' });
    const effects = ['tm-1', 'tm-2'].flatMap((id) => cluster.effectsAfter(cluster.report(id, 'FINISHED')).effects);
    expect(effects).toContainEqual({ type: 'DiscardJob', jobId: hex('job') });
  });
});

describe('a job that starts from a savepoint', () => {
  const GRAPH = chain({ parallelism: 2 }, { parallelism: 2 });
  const manifest: Manifest = {
    jobId: hex('before'),
    jobName: 'before',
    checkpointId: 7,
    purpose: 'SAVEPOINT',
    triggeredAt: 5,
    vertices: [
      {
        id: hex('all'),
        name: 'all in one chain',
        parallelism: 3,
        maxParallelism: 128,
        operators: ['op-0', 'op-1', 'op-9'].map((uid) => ({ uid, name: uid, stateful: uid !== 'op-9' })),
      },
    ],
    states: [0, 1, 2].map((subtask) => ({ vertex: 0, subtask, handle: `0-${subtask}#aa`, bytes: 4, shared: [] })),
  };

  function submitted(allowNonRestoredState = false): Cluster {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 2));
    const { events, effects } = cluster.effectsAfter(
      submit('job', GRAPH, { options: { ...OPTIONS, savepointPath: '/sp/1/', allowNonRestoredState } }),
    );
    expect(summary(events)).toBe('JobSubmitted');
    expect(effects).toContainEqual({ type: 'ReadRestorePoint', jobId: hex('job') });
    return cluster;
  }
  const read = (over: Partial<Manifest> = {}) =>
    ({ type: 'RestorePointRead', jobId: hex('job'), path: '/sp/1/', manifest: { ...manifest, ...over } }) as const;

  it('waits for its manifest; each vertex then gets the state of the chains that its operators were in', () => {
    const cluster = submitted();
    cluster.claim('jm-2');
    expect(pendingEffects(cluster.state)).toContainEqual({ type: 'ReadRestorePoint', jobId: hex('job') });
    const { events, effects } = cluster.effectsAfter(read());
    expect(summary(events)).toBe('RestoreStatesRead · JobRestorePointSet · SlotAllocated ×2 · TaskDeployed ×4');
    expect(cluster.when(read()), 'read twice').toEqual([]);
    const restore = effects.flatMap((effect) =>
      effect.type === 'Assign' && effect.message.type === 'DeployTasks' ? [effect.message.restore] : [],
    )[0];
    expect(restore).toMatchObject({ checkpointId: 7, parallelisms: [3, 3], allowNonRestoredState: true });
    expect(restore?.states.map(({ vertex, handle }) => `${vertex} ${handle}`)).toEqual(
      [0, 1].flatMap((vertex) => [0, 1, 2].map((subtask) => `${vertex} /sp/1/0-${subtask}#aa`)),
    );
    expect(cluster.job('job').checkpoints.nextId, 'its checkpoints count on').toBe(8);
  });

  it('is refused where state has no operator, naming the uids, unless it may be dropped', () => {
    const [vertex] = manifest.vertices;
    const operators = [{ uid: 'gone', name: 'Counts', stateful: true }];
    const vertices = [{ ...vertex!, operators: [...vertex!.operators, ...operators] }];
    const cluster = submitted();
    cluster.when(read({ vertices }));
    expect(cluster.job('job').status).toMatchObject({
      kind: 'FAILED',
      reason: expect.stringMatching(/'gone' \(Counts\).*the job has 'op-0'.*'op-1'.*--allow-non-restored-state/),
    });
    const lenient = submitted(true);
    lenient.when(read({ vertices }));
    expect(lenient.job('job').live).toBe(4);
  });

  it('is refused where its key groups are others', () => {
    const cluster = submitted();
    cluster.when(read({ vertices: manifest.vertices.map((vertex) => ({ ...vertex, maxParallelism: 64 })) }));
    expect(cluster.job('job').status).toMatchObject({
      kind: 'FAILED',
      reason: expect.stringContaining('max parallelism 64'),
    });
  });

  it('is rejected where the path means nothing to other processes', () => {
    const cluster = new Cluster();
    expect(cluster.when(submit('job', GRAPH, { options: { ...OPTIONS, savepointPath: 'sp/1' } }))).toMatchObject([
      { type: 'JobRejected', code: 'INVALID_COMMAND' },
    ]);
  });
});
