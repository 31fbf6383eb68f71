// JobManagers that die, freeze, leave in order or are all gone, under jobs that check themselves: no task restarts, no checkpoint is lost or late,
// and the output is that of a run in which nothing happened. On the embedded journal and on Kafka.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ClusterStatus, request } from '../../src/cli/restClient.ts';
import type { Outgoing } from '../../src/codec/channels.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { waitFor } from './cluster.ts';
import { bounded, bytesOf, type FaultsStage, killNow, onEach } from './faultsStage.ts';
import { countedEach } from './workloads.ts';

const brokers = await kafkaForTests();
const journals: readonly ('embedded' | 'kafka')[] = brokers ? ['embedded', 'kafka'] : ['embedded'];
const KILLS = 10;
/** Loose, as much runs beside: the bench has the tight bound. */
const MAX_TAKEOVER_MS = 20_000;
/** Commands that the leader answers while it is frozen: more than it has decided when the first answer is seen. */
const FLOOD = 4_000;
const MAX_FREEZES = 8;
const MAX_FREEZE_MS = 20_000;
const UNKNOWN_JOB = '0'.repeat(32);
const SIZE = { count: 8_000, recordsPerSecond: 2_000 };
/** Much longer than a takeover. */
const INTERVAL_MS = 4_000;
const TEST_TIMEOUT_MS = 300_000;

describe('JobManagers at fault', { timeout: TEST_TIMEOUT_MS }, () => {
  it(
    `loses its leader ${KILLS} times in a row, each time with a checkpoint under way`,
    onEach(journals, { brokers }, async (stage, journal) => {
      await stage.keepJobsRunning(SIZE);
      const takeoversMs: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        const { epoch, leaderId } = stage;
        const leader = await stage.cluster.process(leaderId!);
        await stage.untilNext('CheckpointTriggered');
        const killedAtMs = await killNow(leader);
        takeoversMs.push(await stage.untilNewLeader(epoch, killedAtMs));
        await Promise.all([stage.startJobManager(leader.id), stage.untilCheckpoint(epoch)]);
      }
      const handedOver = stage.handedOverCheckpoints();
      console.info(
        `${journal}: kill to first Commit in ms: ${takeoversMs.map(Math.round).join(', ')}; ` +
          `checkpoints begun under one leader and completed under the next: ${handedOver}`,
      );
      await stage.endJobs();
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
      // More where a standby heard nothing of a leader that lives, on a machine that is busy.
      expect(stage.epoch).toBeGreaterThanOrEqual(1 + KILLS);
      expect(Math.max(...takeoversMs)).toBeLessThan(MAX_TAKEOVER_MS);
      expect(handedOver).toBeGreaterThan(0);
    }),
  );

  it(
    'loses its leader between two checkpoints: the next comes when it would have come',
    onEach(journals, { brokers }, async (stage, journal) => {
      await stage.keepJobsRunning({ count: 16_000, recordsPerSecond: 600 }, countedEach(INTERVAL_MS));
      const { jobId } = stage.job;
      for (let kill = 0; kill < 3; kill++) {
        await stage.untilNext('CheckpointTriggered');
        const { epoch, leaderId } = stage;
        await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS / 2));
        const killedAtMs = await killNow(await stage.cluster.process(leaderId!));
        await stage.untilNewLeader(epoch, killedAtMs);
        await Promise.all([stage.startJobManager(leaderId!), stage.untilCheckpoint(epoch)]);
      }
      const gapsMs = stage.checkpointGapsMs(jobId);
      console.info(`${journal}: ms between checkpoints each ${INTERVAL_MS} ms: ${gapsMs.join(', ')}`);
      expect(gapsMs.length).toBeGreaterThanOrEqual(3);
      // A leader that began the interval anew would need half of it and the takeover more.
      for (const gapMs of gapsMs) expect(gapMs).toBeLessThan(1.4 * INTERVAL_MS);
      await stage.endJobs();
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    }),
  );

  it(
    'has a leader that freezes with Commits on their way and wakes up deposed: they are void',
    onEach(journals, { brokers }, async (stage, journal) => {
      await stage.keepJobsRunning(SIZE);
      let tries = 0;
      while (stage.lateCommits().length === 0) {
        if (++tries > MAX_FREEZES) throw new Error(`no Commit was late in ${MAX_FREEZES} freezes`);
        await freezeUnderLoad(stage, journal);
      }
      console.info(`${journal}: ${stage.lateCommits().length} late Commits, at freeze ${tries}`);
      await stage.endJobs();
      expect(stage.lateCommits().filter(({ verdict }) => verdict !== 'void')).toEqual([]);
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    }),
  );

  /** Freezes the leader while it answers a flood of commands, until another leads. */
  async function freezeUnderLoad(stage: FaultsStage, journal: string): Promise<void> {
    const { epoch } = stage;
    const leader = await stage.cluster.process(stage.leaderId!);
    const { channels } = await stage.cluster.backbone();
    const answered = stage.untilNext('CommandAnswered');
    const flood = Array.from({ length: FLOOD }, (): Outgoing<'commands'> => {
      const [jobId, commandId] = [UNKNOWN_JOB, randomUUID()];
      return { key: jobId, message: { type: 'CancelJob', jobId, commandId } };
    });
    await Promise.all([channels.append('commands', flood), answered]);
    process.kill(leader.pid, 'SIGSTOP');
    try {
      await bounded(
        stage.until('a new leader', () => stage.epoch > epoch),
        MAX_FREEZE_MS,
        () => 'a new leader',
      );
      await stage.untilCheckpoint(epoch);
    } catch (error) {
      // Frozen within its moment of holding the embedded journal's write lock, it holds up the other writers too.
      if (journal === 'kafka' || stage.epoch > epoch) throw error;
    } finally {
      process.kill(leader.pid, 'SIGCONT');
    }
    await stage.until('a new leader', () => stage.epoch > epoch);
    await waitFor(`${leader.id} to stand by`, async () => {
      const { body } = await request<ClusterStatus>(leader.rest!, 'GET', '/jobmanagers');
      return body.epoch > epoch && body.jobManagers.some(({ id, role }) => id === leader.id && role === 'standby');
    });
    // Behind whatever it had on its way.
    await stage.untilCheckpoint(epoch);
  }

  it(
    'has no JobManager at all for a while: tasks run on, and one that is started later takes over',
    onEach(journals, { brokers }, async (stage) => {
      await stage.keepJobsRunning({ ...SIZE, count: 200_000 });
      const { epoch } = stage;
      await Promise.all(['jm-1', 'jm-2'].map((id) => stage.kill(id)));
      const before = bytesOf(stage.job);
      await stage.untilWritten(3_000);
      expect(bytesOf(stage.job)).toBeGreaterThan(before);
      expect(stage.epoch).toBe(epoch);
      await stage.startJobManager('jm-3');
      await stage.untilCheckpoint(epoch);
      expect(stage.leaderId).toBe('jm-3');
      await stage.endJobs();
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    }),
  );

  it(
    'is upgraded one process after the other',
    onEach(journals, { brokers }, async (stage) => {
      await stage.keepJobsRunning(SIZE);
      const { epoch, leaderId } = stage;
      const leader = leaderId!;
      const standby = leader === 'jm-1' ? 'jm-2' : 'jm-1';
      for (const id of [standby, leader]) {
        await stage.cluster.ok('jobmanager stop', '--id', id);
        await stage.startJobManager(id);
      }
      await stage.untilCheckpoint(epoch);
      // One hand-over: the standby was upgraded first.
      expect(stage.epoch).toBe(epoch + 1);
      expect(stage.leaderId).toBe(standby);
      expect(stage.events('TaskDeployed').every(({ event }) => event.attempt === 0)).toBe(true);
      expect(stage.abortedWhileRunning()).toEqual([]);
      // Its job may be at its end just then: that restarts nothing, and another is made to leave.
      while (stage.events('JobRestarting').length === 0) {
        // So that there is room for what it leaves.
        await stage.startTaskManager();
        await stage.untilCheckpoint();
        const leaving = stage.busyTaskManager();
        await stage.cluster.signal(leaving, 'SIGTERM');
        await stage.until(`${leaving} to leave`, () => !stage.watch.state.taskManagers.has(leaving));
        await stage.untilCheckpoint();
      }
      await stage.endJobs();
      // Left in order: nobody had to suspect it.
      expect([...stage.events('TaskManagerSuspected'), ...stage.events('TaskManagerLost')]).toEqual([]);
      expect(await stage.faults({ restarts: 'some' })).toEqual([]);
    }),
  );
});
