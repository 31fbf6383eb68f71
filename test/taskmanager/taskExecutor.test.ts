// The TaskManager's shell against a broker in memory and a leader that acts by hand.
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/codec/codec.ts';
import { firstLineOf } from '../../src/codec/resultPosition.ts';
import type { AttemptReport, AttemptState, DeadLetter, TaskManagerHeartbeat } from '../../src/core/schema.gen.ts';
import { attemptKey } from '../../src/taskmanager/attemptKey.ts';
import { MAX_ATTEMPTS_PER_HEARTBEAT } from '../../src/taskmanager/heartbeats.ts';
import { MAX_QUEUED_REPORTS } from '../../src/taskmanager/reportQueue.ts';
import { deployment, JOB, Stage, task } from './stage.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** After this, what the log holds is also known to be durable: an append is not repeated. */
const ANSWERS_ARRIVE_MS = 50;

function report(subtask: number, state: AttemptState, recordsIn = 0, reason: string | null = null): AttemptReport {
  return { ...task(subtask), state, reason, recordsIn, recordsOut: 0 };
}

function outcomes(reports: readonly AttemptReport[]): string[] {
  return reports.map(({ subtask, attempt, state }) => `${subtask}/${attempt} ${state}`);
}

describe(`TaskExecutor, seed ${seed}`, () => {
  describe('registration', () => {
    it('offers its slots and is accepted', async () => {
      const stage = await Stage.open(seed);
      const { executor } = await stage.startRegistered('tm-1');
      expect(stage.registrations()).toEqual([
        {
          type: 'RegisterTaskManager',
          taskManagerId: 'tm-1',
          pid: 42,
          host: '127.0.0.1',
          dataPort: 6_121,
          slots: 2,
          managedMemoryBytes: 1024,
          requestId: null,
          registration: 1,
          attempts: [],
        },
      ]);
      expect(executor.epoch).toBe(1);
      await stage.clock.advance(60_000);
      expect(stage.registrations()).toHaveLength(1);
    });

    it('is repeated with a growing pause until it is accepted', async () => {
      const stage = await Stage.open(seed);
      stage.accepting = null;
      const { executor } = await stage.start('tm-1');
      await stage.clock.advance(8_500);
      expect(stage.registrations()).toHaveLength(4);
      stage.accepting = 3;
      await stage.until(() => executor.isRegistered);
      const before = stage.registrations().length;
      await stage.clock.advance(60_000);
      expect(stage.registrations()).toHaveLength(before);
    });

    it('is accepted by a deployment, too', async () => {
      const stage = await Stage.open(seed);
      stage.accepting = null;
      const { executor, workers } = await stage.start('tm-1');
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => executor.isRegistered);
      expect(workers.stateOf(task(0))).toBe('RUNNING');
    });

    it('waits for a journal that is away', async () => {
      const stage = await Stage.open(seed);
      const started = stage.start('tm-1');
      stage.broker.goAway();
      await stage.clock.advance(2_000);
      stage.broker.comeBack();
      const { executor } = await started;
      await stage.until(() => executor.isRegistered);
    });

    it('misses no answer, however quick', async () => {
      const stage = await Stage.open(seed);
      stage.broker.faults = { ...stage.broker.faults, maxDelayMs: 1_000 };
      // Only the first registration of each is answered, so none may begin to listen after it has registered.
      stage.accepting = 'once';
      const started = await Promise.all(Array.from({ length: 200 }, (_, index) => stage.start(`tm-${index}`)));
      await stage.until(() => started.every(({ executor }) => executor.isRegistered));
    });

    it('follows the end of what it no longer lists', async () => {
      const stage = await Stage.open(seed);
      const { workers, executor } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 3));
      await stage.until(() => stage.reports().length === 3);
      await stage.clock.advance(ANSWERS_ARRIVE_MS);
      // The first report is lost on its way, the second waits behind it.
      const healthy = stage.broker.faults;
      stage.broker.faults = { ...healthy, lostRequestRate: 1 };
      workers.finish(task(0));
      await stage.clock.advance(10);
      workers.finish(task(1));
      stage.broker.faults = healthy;
      await stage.assign({ type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'unknown' });
      await stage.until(() => stage.registrations().length === 2 && executor.isRegistered);
      const types = stage.status.map(({ type }) => type);
      expect(types).toEqual(['RegisterTaskManager', 'TaskReport', 'TaskReport', 'TaskReport', 'RegisterTaskManager']);
      expect(outcomes(stage.reports()).slice(3)).toEqual(['0/0 FINISHED', '1/0 FINISHED']);
      expect(stage.registrations()[1]?.attempts).toEqual([]);
    });
  });

  describe('a TaskManager that is no longer known', () => {
    it('stops what it runs before it registers anew, and reports none of it', async () => {
      const stage = await Stage.open(seed);
      const cancelling: number[] = [];
      const { executor, workers } = await stage.startRegistered('tm-1', {
        onCancelling: (attempt) => cancelling.push(attempt.subtask),
      });
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 2);
      await stage.assign({ type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'lost' });
      await stage.until(() => cancelling.length === 2);
      await stage.clock.advance(1_000);
      expect(stage.registrations()).toHaveLength(1);
      expect(executor.isRegistered).toBe(false);
      workers.canceled(task(0));
      workers.canceled(task(1));
      await stage.until(() => executor.isRegistered);
      expect(stage.registrations()[1]?.attempts).toEqual([]);
      expect(outcomes(stage.reports())).toEqual(['0/0 RUNNING', '1/0 RUNNING']);
    });

    it('says so although a new leader accepts the registration before, while reports still wait to be sent', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 2);
      await stage.clock.advance(ANSWERS_ARRIVE_MS);
      // A report is lost on its way, and what is told behind it waits.
      const healthy = stage.broker.faults;
      stage.broker.faults = { ...healthy, lostRequestRate: 1 };
      workers.finish(task(0));
      await stage.clock.advance(10);
      stage.broker.faults = healthy;
      stage.accepting = 2;
      await stage.assign(
        { type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'it counts as lost' },
        { type: 'RegistrationAccepted', epoch: 2, taskManagerId: 'tm-1' },
      );
      await stage.until(() => executor.epoch === 2 && workers.attempts().length === 0);
      expect(stage.registrations()).toHaveLength(1);
      await stage.until(() => executor.isRegistered);
      expect(stage.registrations().map(({ attempts }) => attempts)).toEqual([[], []]);
      expect(stage.status.map(({ type }) => type).slice(-2)).toEqual(['TaskReport', 'RegisterTaskManager']);
    });

    it('reports the end of what never came to run or was told to stop, of which its registration says nothing', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers } = await stage.startRegistered('tm-1', {
        onDeployed: ({ subtask }, fake) => {
          if (subtask === 1) fake.run(task(1));
        },
        onCancelling: () => {},
      });
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 1);
      const tasks = [{ vertex: 0, subtask: 1, attempt: 0 }];
      await stage.assign({ type: 'CancelTasks', epoch: 1, taskManagerId: 'tm-1', jobId: JOB, tasks });
      await stage.assign({ type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'lost' });
      await stage.until(() => !executor.isRegistered);
      workers.canceled(task(0));
      workers.canceled(task(1));
      await stage.until(() => executor.isRegistered);
      expect(outcomes(stage.reports())).toEqual(['1/0 RUNNING', '0/0 CANCELED', '1/0 CANCELED']);
    });

    it('lists an attempt that does not stop, and then reports its end', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers } = await stage.startRegistered('tm-1', { onCancelling: () => {} });
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => stage.reports().length === 1);
      await stage.assign({ type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'lost' });
      await stage.until(() => stage.registrations().length === 2 && executor.isRegistered);
      expect(outcomes(stage.registrations()[1]?.attempts ?? [])).toEqual(['0/0 CANCELING']);
      workers.canceled(task(0));
      await stage.until(() => outcomes(stage.reports()).includes('0/0 CANCELED'));
    });

    it('does not register twice when asked while its registration is under way', async () => {
      const stage = await Stage.open(seed);
      stage.accepting = null;
      await stage.start('tm-1');
      await stage.until(() => stage.registrations().length === 1);
      await stage.assign({ type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'unknown' });
      await stage.clock.advance(500);
      expect(stage.registrations()).toHaveLength(1);
    });

    it('does the same when it was frozen past the time-out', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers, process } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 2);
      process.pause();
      await stage.clock.advance(5_000);
      await stage.assign(
        { type: 'RegistrationRequired', epoch: 1, taskManagerId: 'tm-1', reason: 'silent for 3000 ms' },
        { type: 'RegistrationRequired', epoch: 2, taskManagerId: 'tm-1', reason: 'unknown' },
      );
      stage.accepting = 2;
      process.resume();
      await stage.until(() => stage.registrations().length === 2 && executor.isRegistered);
      expect(workers.attempts()).toEqual([]);
      expect(stage.registrations()[1]?.attempts).toEqual([]);
      await stage.clock.advance(30_000);
      expect(stage.registrations()).toHaveLength(2);
    });
  });

  describe('assignments', () => {
    it('of a lower epoch are refused, and logged', async () => {
      const stage = await Stage.open(seed);
      stage.accepting = 5;
      const { workers, log } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 1, { epoch: 4 }));
      await stage.until(() => log.lines.some(({ message }) => message.includes('deposed')));
      expect(workers.deployments).toEqual([]);
      await stage.assign(deployment('tm-1', 1, { epoch: 6 }), deployment('tm-1', 2, { epoch: 5 }));
      await stage.clock.advance(100);
      expect(workers.deployments.map(({ epoch }) => epoch)).toEqual([6]);
    });

    it('for others on the same partition are left to them', async () => {
      const stage = await Stage.open(seed);
      const partition = stage.leader.partitionOf('assignments', 'tm-1');
      const other = Array.from({ length: 100 }, (_, index) => `other-${index}`).find(
        (id) => stage.leader.partitionOf('assignments', id) === partition,
      );
      const { workers, executor } = await stage.startRegistered('tm-1');
      await stage.assign(deployment(other ?? '', 1, { epoch: 9 }), deployment('tm-1', 1));
      await stage.until(() => workers.deployments.length > 0);
      expect(workers.deployments).toHaveLength(1);
      expect(executor.epoch).toBe(1);
    });

    it('whose key names this TaskManager and the message another are refused, and logged', async () => {
      const stage = await Stage.open(seed);
      const { workers, executor, log } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => workers.attempts()[0]?.state === 'RUNNING');
      const stranger = { type: 'RegistrationRequired', epoch: 9, taskManagerId: '', reason: 'r' } as const;
      await stage.settled(stage.leader.append('assignments', [{ key: 'tm-1', message: stranger }]));
      await stage.until(() => log.lines.some(({ message }) => message.includes('the message another')));
      expect(workers.attempts()[0]?.state).toBe('RUNNING');
      expect([executor.isRegistered, executor.epoch]).toEqual([true, 1]);
    });

    it('may repeat', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      const cancel = { type: 'CancelTasks', epoch: 1, taskManagerId: 'tm-1', jobId: JOB } as const;
      const tasks = [{ vertex: 0, subtask: 0, attempt: 0 }];
      await stage.assign(deployment('tm-1', 2), deployment('tm-1', 2), { ...cancel, tasks }, { ...cancel, tasks });
      await stage.assign(deployment('tm-1', 2), { type: 'ReleaseJob', epoch: 1, taskManagerId: 'tm-1', jobId: JOB });
      await stage.until(() => workers.released.length === 1 && stage.reports().length === 5);
      await stage.clock.advance(100);
      // Whoever cancels again may have missed the end, so it is said again.
      const ends = ['0/0 CANCELED', '0/0 CANCELED', '1/0 CANCELED'];
      expect(outcomes(stage.reports())).toEqual(['0/0 RUNNING', '1/0 RUNNING', ...ends]);
    });

    it('start nothing of a job that was released: they are late copies', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      const release = { type: 'ReleaseJob', epoch: 1, taskManagerId: 'tm-1', jobId: JOB } as const;
      await stage.assign(deployment('tm-1', 1), release, deployment('tm-1', 1), release);
      await stage.until(() => workers.released.length === 2);
      expect(workers.deployments).toHaveLength(1);
      expect(workers.attempts()).toEqual([]);
    });

    it('that nobody can decode become dead letters, and it goes on', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      const letters: DeadLetter[] = [];
      await stage.settled(
        stage.leader.follow('dead-letters', {
          from: () => 'earliest',
          onBatch: ({ deliveries }) => {
            for (const delivery of deliveries) if (delivery.kind === 'message') letters.push(delivery.message);
          },
          onError: (error) => {
            throw error;
          },
        }),
      );
      const partition = stage.leader.partitionOf('assignments', 'tm-1');
      const value = new TextEncoder().encode('not Avro');
      await stage.settled(stage.journal.append('assignments', partition, [{ key: 'tm-1', value, headers: {} }]));
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => letters.length === 1 && workers.deployments.length === 1);
      expect(letters[0]).toMatchObject({ topic: 'assignments', partition });
      expect(new TextDecoder().decode(letters[0]?.value)).toBe('not Avro');
      expect(workers.stateOf(task(0))).toBe('RUNNING');
    });

    it('that the workers cannot take fail their attempts', async () => {
      const stage = await Stage.open(seed);
      await stage.startRegistered('tm-1', {
        onDeployed: () => {
          throw new Error('no thread left');
        },
      });
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => stage.reports().length === 1);
      expect(stage.reports()[0]).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('no thread left') });
    });

    it('are followed anew, with a registration, when their tail breaks', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers, process } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => workers.deployments.length === 1);
      // Retention passes over records that it has not read.
      process.pause();
      const partition = stage.leader.partitionOf('assignments', 'tm-1');
      await stage.assign(deployment('tm-1', 2), deployment('tm-1', 3));
      await stage.clock.advance(100);
      stage.broker.cutOff(process);
      process.resume();
      await stage.clock.advance(10);
      await stage.assign(deployment('tm-1', 4), deployment('tm-1', 5));
      const { end } = stage.broker.range('assignments', partition);
      await stage.settled(stage.journal.trim('assignments', partition, end));
      stage.broker.rejoin(process);
      await stage.until(() => stage.registrations().length === 2 && executor.isRegistered);
      expect(workers.attempts()).toEqual([]);
    });
  });

  describe('reports', () => {
    it('of one tick share a record', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      for (let subtask = 0; subtask < 500; subtask++) workers.reportAll([report(subtask, 'RUNNING')]);
      await stage.until(() => stage.reports().length === 500);
      expect(stage.status.filter(({ type }) => type === 'TaskReport')).toHaveLength(1);
    });

    it('wait while the journal is away and lose nothing, in order', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 3));
      await stage.until(() => stage.reports().length === 3);
      await stage.clock.advance(ANSWERS_ARRIVE_MS);
      stage.broker.goAway();
      workers.finish(task(0));
      await stage.clock.advance(12_000);
      workers.fail(task(1), 'boom');
      await stage.clock.advance(30_000);
      expect(workers.stateOf(task(2))).toBe('RUNNING');
      expect(workers.cancellations).toEqual([]);
      stage.broker.comeBack();
      await stage.until(() => stage.reports().length >= 5);
      expect(outcomes(stage.reports()).slice(3)).toEqual(['0/0 FINISHED', '1/0 FAILED']);
    });

    it('beyond the bound keep the latest of each attempt', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      stage.broker.goAway();
      const attempts = 100;
      const rounds = Math.ceil((3 * MAX_QUEUED_REPORTS) / attempts);
      for (let round = 0; round < rounds; round++) {
        workers.reportAll(Array.from({ length: attempts }, (_, subtask) => report(subtask, 'RUNNING', round)));
      }
      workers.reportAll(Array.from({ length: attempts }, (_, subtask) => report(subtask, 'FINISHED')));
      await stage.clock.advance(100);
      stage.broker.comeBack();
      await stage.until(() => stage.reports().filter(({ state }) => state === 'FINISHED').length === attempts);
      await stage.clock.advance(1_000);
      expect(stage.reports().length).toBeLessThan(2 * MAX_QUEUED_REPORTS);
      const last = new Map(stage.reports().map((one) => [attemptKey(one), one.state]));
      expect([...new Set(last.values())]).toEqual(['FINISHED']);
      for (let subtask = 0; subtask < attempts; subtask++) {
        const counters = stage.reports().filter((one) => one.subtask === subtask && one.state === 'RUNNING');
        const recordsIn = counters.map((one) => one.recordsIn);
        expect(recordsIn).toEqual([...recordsIn].sort((left, right) => left - right));
      }
    });

    it('come through in order when appends are lost, late and repeated', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      stage.broker.faults = {
        ...stage.broker.faults,
        requestTimeoutMs: 200,
        lostRequestRate: 0.1,
        lostResponseRate: 0.1,
        duplicateRate: 0.1,
      };
      for (let subtask = 0; subtask < 50; subtask++) {
        workers.reportAll([report(subtask, 'RUNNING')]);
        await stage.clock.advance(20);
        workers.reportAll([report(subtask, 'FINISHED')]);
      }
      await stage.until(() => new Set(outcomes(stage.reports())).size === 100, 600_000);
      for (let subtask = 0; subtask < 50; subtask++) {
        const first = outcomes(stage.reports()).filter((line) => line.startsWith(`${subtask}/0 `));
        expect(first.indexOf(`${subtask}/0 RUNNING`)).toBeLessThan(first.indexOf(`${subtask}/0 FINISHED`));
      }
    });

    it('with a huge stack keep its beginning', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      workers.reportAll(Array.from({ length: 200 }, (_, subtask) => report(subtask, 'FAILED', 0, 'x'.repeat(1e5))));
      await stage.until(() => stage.reports().length === 200);
      expect(stage.reports()[0]?.reason).toMatch(/^x{16384}… \(83616 more characters\)$/);
      expect(stage.status.filter(({ type }) => type === 'TaskReport').length).toBeGreaterThan(10);
    });

    it('that the codec refuses still tell the state, and hold up no other', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      workers.reportAll([report(0, 'RUNNING'), report(1, 'FINISHED', Number.NaN), report(2, 'RUNNING')]);
      await stage.until(() => stage.reports().length === 3);
      expect(outcomes(stage.reports())).toEqual(['0/0 RUNNING', '1/0 FINISHED', '2/0 RUNNING']);
    });
  });

  describe('results', () => {
    it('are durable before their sink goes on, and say where they stand', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 2);
      const read: [string, number | null, readonly string[]][] = [];
      await stage.settled(
        stage.leader.follow('results', {
          from: () => 'earliest',
          onBatch: ({ deliveries }) => {
            for (const delivery of deliveries) {
              if (delivery.kind !== 'message') continue;
              const { subtask, lines } = delivery.message;
              read.push([`${delivery.key}/${subtask}`, firstLineOf(delivery.headers), lines]);
            }
          },
          onError: (error) => {
            throw error;
          },
        }),
      );
      await stage.settled(workers.print(task(0), ['a', 'b']));
      await stage.settled(workers.print(task(1), ['x']));
      stage.broker.goAway();
      let durable = false;
      const printed = workers.print(task(0), ['c']).then(() => {
        durable = true;
      });
      await stage.clock.advance(20_000);
      expect(durable).toBe(false);
      stage.broker.comeBack();
      await stage.settled(printed);
      await stage.until(() => read.length >= 3);
      expect(read).toEqual([
        [`${JOB}/0`, 0, ['a', 'b']],
        [`${JOB}/1`, 0, ['x']],
        [`${JOB}/0`, 2, ['c']],
      ]);
    });

    it('are split when they are too large, and refused when one line is', async () => {
      const stage = await Stage.open(seed);
      const { workers } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => stage.reports().length === 1);
      const line = 'x'.repeat(5 * 1024 * 1024);
      await stage.settled(workers.print(task(0), [line, line]));
      expect(stage.broker.range('results', 0)).toMatchObject({ end: 2 });
      await expect(stage.settled(workers.print(task(0), [line + line]))).rejects.toMatchObject({
        code: 'RECORD_TOO_LARGE',
      });
    });
  });

  it('heartbeats, telling the counters of many attempts in turn', async () => {
    const stage = await Stage.open(seed);
    const heard: TaskManagerHeartbeat[] = [];
    await stage.hub.connect().subscribe('taskmanagers', ({ payload }) => {
      const message = decodeMessage('signals', payload);
      if (message.type === 'TaskManagerHeartbeat') heard.push(message);
    });
    const { workers } = await stage.startRegistered('tm-1');
    const attempts = 2 * MAX_ATTEMPTS_PER_HEARTBEAT + 50;
    await stage.assign(deployment('tm-1', attempts));
    await stage.until(() => workers.attempts().length === attempts);
    heard.length = 0;
    await stage.clock.advance(1_550);
    expect(heard).toHaveLength(3);
    expect(heard[0]).toMatchObject({ taskManagerId: 'tm-1', pid: 42, cpuLoad: 0.5, usedHeapBytes: 1_000 });
    const told = heard.flatMap((heartbeat) => heartbeat.attempts.map(({ subtask }) => subtask));
    expect([...told].sort((left, right) => left - right)).toEqual(
      Array.from({ length: attempts }, (_, index) => index),
    );
  });

  describe('stopping', () => {
    it('cancels its tasks, leaves, and closes the workers', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers } = await stage.startRegistered('tm-1');
      await stage.assign(deployment('tm-1', 2));
      await stage.until(() => stage.reports().length === 2);
      workers.finish(task(0));
      await stage.settled(executor.stop('SIGTERM'));
      await stage.clock.advance(1_000);
      expect(workers.attempts()).toEqual([]);
      expect(workers.disposed).toBe(true);
      expect(stage.status.at(-1)).toEqual({ type: 'TaskManagerStopping', taskManagerId: 'tm-1', reason: 'SIGTERM' });
      expect(outcomes(stage.reports())).toEqual(['0/0 RUNNING', '1/0 RUNNING', '0/0 FINISHED']);
      await stage.assign(deployment('tm-1', 9));
      await stage.clock.advance(20_000);
      expect(workers.deployments).toHaveLength(1);
      expect(stage.status.at(-1)?.type).toBe('TaskManagerStopping');
    });

    it('is bounded when the journal is away and tasks do not stop', async () => {
      const stage = await Stage.open(seed);
      const { executor, workers } = await stage.startRegistered('tm-1', { onCancelling: () => {} });
      await stage.assign(deployment('tm-1', 1));
      await stage.until(() => stage.reports().length === 1);
      stage.broker.goAway();
      const printing = workers.print(task(0), ['never durable']);
      const refused = expect(printing).rejects.toThrow('stopped');
      await stage.settled(executor.stop('SIGTERM'), 6_000);
      await refused;
      expect(workers.disposed).toBe(true);
    });
  });
});
