// A Kafka broker that dies, comes back, or stays away for half a minute, under jobs that check themselves: tasks run on meanwhile, nothing is
// lost, and the cluster goes on as soon as the broker does. And two clusters on one broker that fail over at the same time and never meet.
import { afterEach, describe, expect, it } from 'vitest';
import type { LocalBroker } from '../../src/adapters/kafka/localBroker.ts';
import { get } from '../../src/cli/restClient.ts';
import { kafkaForTests, ownBrokerForTests } from '../kafka/broker.ts';
import { bounded, bytesOf, FaultsStage, killNow, onEach, untilTrue } from './faultsStage.ts';

const AWAY_MS = 30_000;
/** Longer than a TaskManager may be silent and then suspected, shorter than a leader waits for its Commits: the same term goes on. */
const SILENCE_MS = 6_000;
const TEST_TIMEOUT_MS = 300_000;
/** Looks at the output while the broker is away. */
const LOOKS = 6;
const brokers = await kafkaForTests();

/** The body on a cluster with a broker of its own. */
function withBroker(body: (stage: FaultsStage, broker: LocalBroker) => Promise<void>): () => Promise<void> {
  return async () => {
    const broker = (await ownBrokerForTests())!;
    try {
      await onEach(['kafka'], { brokers: broker.brokers }, (stage) => body(stage, broker))();
    } finally {
      await broker.stop();
    }
  };
}

describe.skipIf(!brokers).concurrent('a Kafka broker at fault', { timeout: TEST_TIMEOUT_MS }, () => {
  it(
    `is killed and restarted at once, then away for ${SILENCE_MS / 1_000} s: nobody takes that for the TaskManagers' death`,
    withBroker(async (stage, broker) => {
      await stage.keepJobsRunning({ count: 20_000, recordsPerSecond: 2_000 });
      for (const awayMs of [0, SILENCE_MS]) {
        await stage.untilNext('CheckpointTriggered');
        await broker.kill('SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, awayMs));
        await broker.restart();
        await stage.untilCheckpoint();
      }
      await stage.endJobs();
      expect(stage.events('TaskManagerSuspected')).toEqual([]);
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
    }),
  );

  it(
    `is away for ${AWAY_MS / 1_000} s`,
    withBroker(async (stage, broker) => {
      await stage.keepJobsRunning({ count: 200_000, recordsPerSecond: 1_000 });
      const { job } = stage;
      await broker.kill('SIGKILL');
      for (let look = 0; look < LOOKS; look++) {
        const lookedAtMs = performance.now();
        const before = bytesOf(job);
        // The point of the wait is its length: the broker is away for so long.
        await new Promise((resolve) => setTimeout(resolve, AWAY_MS / LOOKS));
        expect(
          bytesOf(job),
          `output in the ${Math.round(performance.now() - lookedAtMs)} ms of look ${look}`,
        ).toBeGreaterThan(before);
      }
      const before = stage.count('CheckpointCompleted');
      await broker.restart();
      const backAtMs = performance.now();
      await untilTrue('a checkpoint after the return', () => stage.count('CheckpointCompleted') > before);
      console.info(
        `the broker's return to the next complete checkpoint: ${Math.round(performance.now() - backAtMs)} ms; epoch ${stage.epoch}`,
      );
      const ended = stage.endJobs();
      await bounded(job.ended, TEST_TIMEOUT_MS / 3, () => 'the word to JobClient that the job has ended');
      await ended;
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
      expect(stage.count('TaskManagerLost')).toBe(0);
    }),
  );
});

describe.skipIf(!brokers)('two clusters on one broker', { timeout: TEST_TIMEOUT_MS }, () => {
  const stages: FaultsStage[] = [];

  afterEach(async () => {
    await Promise.all(stages.splice(0).map((stage) => stage.stop()));
  });

  it('both fail over at the same time and know nothing of each other', async () => {
    stages.push(...(await Promise.all([1, 2].map(() => FaultsStage.start({ journal: 'kafka', brokers })))));
    await Promise.all(stages.map((stage) => stage.keepJobsRunning({ count: 10_000, recordsPerSecond: 2_000 })));
    await Promise.all(
      stages.map(async (stage) => {
        const { epoch, leaderId } = stage;
        const sinceMs = await killNow(await stage.cluster.process(leaderId!));
        await stage.untilNewLeader(epoch, sinceMs);
        await Promise.all([stage.startJobManager(leaderId!), stage.untilCheckpoint(epoch)]);
      }),
    );
    await Promise.all(stages.map((stage) => stage.endJobs()));
    for (const stage of stages) {
      expect(await stage.faults({ restarts: 'none' })).toEqual([]);
      const own = new Set((await stage.cluster.dir.liveProcesses()).map(({ pid }) => pid));
      const status = await stage.cluster.status();
      expect([...status.jobManagers, ...status.taskManagers].every(({ pid }) => own.has(pid))).toBe(true);
      const { jobs } = await get<{ jobs: { jid: string }[] }>(stage.cluster.dir, '/jobs/overview');
      expect(jobs.map(({ jid }) => jid).sort()).toEqual(stage.jobs.map(({ jobId }) => jobId).sort());
      expect([...stage.watch.state.jobs.keys()].sort()).toEqual(stage.jobs.map(({ jobId }) => jobId).sort());
    }
  });
});
