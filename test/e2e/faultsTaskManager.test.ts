// TaskManagers that die, or freeze and wake up, under a job that checks itself: its tasks run elsewhere, a task of before that wakes up changes
// nothing, and the output is that of a run in which nothing happened. On the embedded journal and on Kafka.
import { describe, expect, it } from 'vitest';
import { kafkaForTests } from '../kafka/broker.ts';
import { killNow, onEach } from './faultsStage.ts';

const brokers = await kafkaForTests();
const journals: readonly ('embedded' | 'kafka')[] = brokers ? ['embedded', 'kafka'] : ['embedded'];
/** One job a test, which runs till the test has done what it is about. */
const SIZE = { count: 200_000, recordsPerSecond: 2_000 };
const TEST_TIMEOUT_MS = 300_000;
const SETTINGS = [
  'heartbeat.interval=100 ms',
  'heartbeat.timeout=1 s',
  'restart-strategy.exponential-delay.initial-backoff=20 ms',
];
/** Loose, as much runs beside: the bench has the tight bound. */
const MAX_RECOVERY_MS = 20_000;

describe('TaskManagers at fault', { timeout: TEST_TIMEOUT_MS }, () => {
  const options = (...settings: readonly string[]) => ({
    brokers,
    taskManagers: 3,
    settings: [...SETTINGS, ...settings],
  });

  it(
    'loses one, then the one that took over: tasks run elsewhere each time',
    onEach(journals, options(), async (stage, journal) => {
      await stage.keepJobsRunning(SIZE);
      for (let kill = 1; kill <= 2; kill++) {
        const victim = await stage.cluster.process(stage.busyTaskManager());
        const killedAtMs = await killNow(victim);
        await stage.until('a task anywhere else', () => stage.runningAgain(kill) !== null);
        const tookMs = stage.runningAgain(kill)! - killedAtMs;
        console.info(`${journal}: kill of a TaskManager to all tasks RUNNING again: ${Math.round(tookMs)} ms`);
        expect(tookMs).toBeLessThan(MAX_RECOVERY_MS);
        await Promise.all([stage.startTaskManager(), stage.untilCheckpoint()]);
      }
      await stage.endJobs();
      expect(await stage.faults({ restarts: 'some' })).toEqual([]);
    }),
  );

  it(
    'suspects one that freezes for a moment, and takes it back with its tasks',
    onEach(journals, options('heartbeat.fault-transfer-delay=20 s'), async (stage) => {
      await stage.keepJobsRunning(SIZE);
      const frozen = stage.busyTaskManager();
      await stage.freeze(
        frozen,
        `${frozen} to be suspected`,
        () => stage.watch.state.taskManagers.get(frozen)?.status.kind === 'suspected',
      );
      await stage.cluster.signal(frozen, 'SIGCONT');
      await stage.until(
        `${frozen} to be taken back`,
        () => stage.watch.state.taskManagers.get(frozen)?.status.kind === 'registered',
      );
      await stage.untilCheckpoint();
      await stage.endJobs();
      // Others, too, where the machine is so busy that they are silent for a second.
      expect(stage.events('TaskManagerRecovered').map(({ event }) => event.taskManagerId)).toContain(frozen);
      expect(stage.count('TaskManagerLost')).toBe(0);
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    }),
  );

  it(
    'gives up one that stays frozen; what that one runs when it wakes up is cancelled and harms nothing',
    onEach(journals, options('heartbeat.fault-transfer-delay=200 ms'), async (stage) => {
      await stage.keepJobsRunning(SIZE);
      const frozen = stage.busyTaskManager();
      await stage.freeze(frozen, `${frozen} to be given up`, () => !stage.watch.state.taskManagers.has(frozen));
      // The job runs elsewhere and has written beyond what the frozen tasks held.
      await stage.untilCheckpoint();
      await stage.untilWritten(200);
      await stage.cluster.signal(frozen, 'SIGCONT');
      await stage.until(`${frozen} to come back`, () => stage.watch.state.taskManagers.has(frozen));
      await stage.untilCheckpoint();
      await stage.endJobs();
      expect(stage.events('TaskManagerLost').map(({ event }) => event.taskManagerId)).toContain(frozen);
      expect(await stage.faults({ restarts: 'some' })).toEqual([]);
    }),
  );
});
