// Checkpoints through a TaskManager's shell: barriers in, answers out, in order with the reports of attempts.
import { describe, expect, it } from 'vitest';
import type {
  CheckpointAbort,
  CheckpointComplete,
  CheckpointPurpose,
  CheckpointReport,
  TriggerCheckpoint,
} from '../../src/core/schema.gen.ts';
import { MAX_QUEUED_REPORTS } from '../../src/taskmanager/reportQueue.ts';
import { FakeDataPlane } from './fakeWorkers.ts';
import { deployment, JOB, Stage, task } from './stage.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

function trigger(checkpointId: number, purpose: CheckpointPurpose = 'PERIODIC', epoch = 1): TriggerCheckpoint {
  return {
    type: 'TriggerCheckpoint',
    epoch,
    taskManagerId: 'tm-1',
    jobId: JOB,
    checkpointId,
    purpose,
    targetPath: null,
    timestamp: 1,
    drain: false,
    unalignedAt: null,
    tasks: [{ vertex: 0, subtask: 0, attempt: 0 }],
  };
}

function end(
  type: 'CheckpointComplete' | 'CheckpointAbort',
  checkpointId: number,
): CheckpointComplete | CheckpointAbort {
  const id = { epoch: 1, taskManagerId: 'tm-1', jobId: JOB, checkpointId };
  return type === 'CheckpointAbort' ? { type, ...id } : { type, ...id, last: false };
}

function answers(stage: Stage): CheckpointReport[] {
  return stage.status.flatMap((message) => (message.type === 'CheckpointReport' ? [message] : []));
}

describe(`a TaskExecutor at checkpoints, seed ${seed}`, () => {
  it('hands barriers and their outcome to the Workers, and their answers to the leader in one record', async () => {
    const stage = await Stage.open(seed);
    const { workers } = await stage.startRegistered('tm-1', {
      onCheckpoint: ({ subtask }) => (subtask === 2 ? 'decline' : 'ack'),
    });
    await stage.assign(deployment('tm-1', 3), trigger(7), end('CheckpointAbort', 7), end('CheckpointComplete', 8));
    await stage.until(() => answers(stage).length > 0 && workers.checkpoints.length === 3);
    expect(workers.checkpoints.map(({ type, checkpointId }) => `${type} ${checkpointId}`)).toEqual([
      'TriggerCheckpoint 7',
      'CheckpointAbort 7',
      'CheckpointComplete 8',
    ]);
    await stage.clock.advance(1_000);
    const [report, ...others] = answers(stage);
    expect(others).toEqual([]);
    expect(report).toMatchObject({ taskManagerId: 'tm-1', jobId: JOB, checkpointId: 7 });
    expect(report?.acks.map(({ subtask }) => subtask)).toEqual([0, 1]);
    expect(report?.declines).toMatchObject([{ vertex: 0, subtask: 2, attempt: 0, reason: 'declined as told' }]);
  });

  it('refuses a barrier of a deposed leader', async () => {
    const stage = await Stage.open(seed);
    const { workers } = await stage.startRegistered('tm-1');
    await stage.assign(deployment('tm-1', 1, { epoch: 3 }), trigger(1, 'PERIODIC', 2), trigger(2, 'PERIODIC', 3));
    await stage.until(() => answers(stage).length > 0);
    expect(workers.checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([2]);
  });

  it('tells of a stopping savepoint before the tasks that it stops have ended', async () => {
    const stage = await Stage.open(seed);
    const { workers } = await stage.startRegistered('tm-1');
    await stage.assign(deployment('tm-1', 2), trigger(1), end('CheckpointComplete', 1), trigger(2, 'PAUSE'));
    await stage.until(() => answers(stage).length === 2);
    expect(workers.attempts()).toHaveLength(2);
    await stage.assign(end('CheckpointComplete', 2));
    await stage.until(() => stage.reports().filter(({ state }) => state === 'FINISHED').length === 2);
    expect(stage.status.map(({ type }) => type).slice(-2)).toEqual(['CheckpointReport', 'TaskReport']);
    expect(stage.status.findIndex(({ type }) => type === 'TaskReport')).toBeLessThan(
      stage.status.findIndex(({ type }) => type === 'CheckpointReport'),
    );
  });

  it('loses no answer when appends are lost, late and repeated', async () => {
    const stage = await Stage.open(seed);
    await stage.startRegistered('tm-1');
    await stage.assign(deployment('tm-1', 4));
    await stage.until(() => stage.reports().length === 4);
    const healthy = stage.broker.faults;
    for (let checkpointId = 1; checkpointId <= 20; checkpointId++) {
      await stage.assign(trigger(checkpointId));
      stage.broker.faults = { ...healthy, requestTimeoutMs: 100, lostRequestRate: 0.3, lostResponseRate: 0.3 };
      await stage.clock.advance(200);
      stage.broker.faults = healthy;
    }
    const acked = () =>
      new Set(
        answers(stage).flatMap(({ checkpointId, acks }) => acks.map(({ subtask }) => `${checkpointId}/${subtask}`)),
      );
    await stage.until(() => acked().size === 80);
  });

  it('keeps one answer of each subtask while the journal is away, and no less', async () => {
    const stage = await Stage.open(seed);
    const { workers } = await stage.startRegistered('tm-1');
    stage.broker.goAway();
    const rounds = Math.ceil((2 * MAX_QUEUED_REPORTS) / 100);
    const attempts = Array.from({ length: 100 }, (_, subtask) => task(subtask));
    for (let round = 0; round < rounds; round++) workers.ack(attempts, 1 + (round % 3));
    await stage.clock.advance(100);
    stage.broker.comeBack();
    await stage.until(() => new Set(answers(stage).map(({ checkpointId }) => checkpointId)).size === 3);
    await stage.clock.advance(1_000);
    const acks = answers(stage).flatMap((report) => report.acks);
    expect(acks.length).toBeGreaterThanOrEqual(300);
    expect(acks.length).toBeLessThan(2 * MAX_QUEUED_REPORTS);
  });

  it('has barriers cross TaskManagers, in the fake too', async () => {
    const stage = await Stage.open(seed);
    const dataPlane = new FakeDataPlane();
    await stage.startRegistered('tm-1', { dataPlane });
    await stage.startRegistered('tm-2', { dataPlane });
    await stage.assign(deployment('tm-1', 1), deployment('tm-2', 2), trigger(1));
    await stage.until(() => answers(stage).length === 2);
    expect(answers(stage).map(({ taskManagerId }) => taskManagerId)).toEqual(expect.arrayContaining(['tm-1', 'tm-2']));
  });
});
