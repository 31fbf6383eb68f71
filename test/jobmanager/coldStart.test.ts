// JobManagers on real journals, the embedded one and Kafka: they take snapshots and trim the log behind them, start cold from the newest,
// from the one before where that is damaged, and stop with a reason where the log was trimmed and there is none.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foldLedger } from '../../src/cli/ledger.ts';
import { ledgerOf, verify } from '../../src/cli/verifyLog.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import type { JobManager } from '../../src/jobmanager/jobManager.ts';
import { readSeals, writeSeal } from '../../src/jobmanager/snapshotTopic.ts';
import { type Backbone, createJobManager, openBackbone } from '../../src/wiring.ts';
import { unequal } from '../core/life.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { submitJob } from './harness.ts';

const brokers = await kafkaForTests();
const { signal } = new AbortController();
const WAIT = { timeout: 60_000, interval: 10 };

describe.each(['embedded', 'kafka'] as const)('a JobManager on %s', (type) => {
  describe.skipIf(type === 'kafka' && !brokers)('', () => {
    let folder: string;
    let config: Config;
    let errors: string[];
    let closing: (() => Promise<void>)[];

    beforeEach(() => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cold-'));
      config = parseConfig(
        [
          `journal.type: ${type}`,
          `journal.kafka.brokers: ${brokers?.join(',') ?? 'none:1'}`,
          `cluster.id: c${randomBytes(6).toString('hex')}`,
          'rest.port: 0',
          'jobmanager.snapshot.interval-events: 100',
          'jobmanager.snapshot.retain-events: 50',
          'jobmanager.snapshot.retained: 2',
        ].join('\n'),
        'test',
      );
      errors = [];
      closing = [];
    });
    afterEach(async () => {
      for (const close of closing.toReversed()) await close();
      fs.rmSync(folder, { recursive: true, force: true });
    });

    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (details: object, message: string) => void errors.push(`${message} ${JSON.stringify(details)}`),
    };

    async function open(): Promise<Backbone> {
      const backbone = await openBackbone({ config, dir: folder, source: 'test', logger, createTopics: true });
      closing.push(() => backbone.close());
      return backbone;
    }

    async function start(backbone: Backbone, id: string): Promise<{ jobManager: JobManager; failed: Promise<Error> }> {
      let onFailure: (error: Error) => void = () => {};
      const failed = new Promise<Error>((resolve) => {
        onFailure = resolve;
      });
      const blobFolder = path.join(folder, 'blobs');
      const { jobManager } = await createJobManager(backbone, {
        config,
        id,
        dir: folder,
        blobFolder,
        logger,
        onFailure,
      });
      closing.push(() => jobManager.stop());
      await jobManager.start();
      return { jobManager, failed };
    }

    const leads = (jobManager: JobManager) => vi.waitFor(() => expect(jobManager.role).toBe('leader'), WAIT);

    it('starts from the newest snapshot that is whole, and not at all without one', async () => {
      const backbone = await open();
      const { channels, clock } = backbone;
      const { jobManager } = await start(backbone, 'jm-1');
      await leads(jobManager);
      for (let job = 1; jobManager.state.eventCount < 400; job++) {
        const command = submitJob(job);
        const { jobId } = command;
        await channels.append('commands', [{ key: jobId, message: command }]);
        await channels.append('commands', [
          { key: jobId, message: { type: 'CancelJob', commandId: `cancel-${job}`, jobId } },
        ]);
        await vi.waitFor(() => expect(jobManager.state.jobs.get(jobId)?.status.kind).toBe('CANCELED'), WAIT);
      }
      await vi.waitFor(async () => {
        expect(jobManager.state.snapshots.length).toBeGreaterThanOrEqual(2);
        const oldest = jobManager.state.snapshots[0];
        expect((await channels.offsets('events', 0)).earliest).toBe(oldest?.offset);
        expect((await channels.offsets('snapshots', 0)).earliest).toBe(oldest?.position);
      }, WAIT);
      await jobManager.stop();
      const { end } = await channels.offsets('events', 0);
      const state = await foldLedger(backbone, { to: end });
      expect((await verify(await ledgerOf(backbone))).faults).toEqual([]);

      // Cold, from the newest.
      const second = (await start(backbone, 'jm-2')).jobManager;
      expect(second.state.offset).toBeGreaterThanOrEqual(state.snapshots.at(-1)?.offset ?? Number.POSITIVE_INFINITY);
      await leads(second);
      expect([...second.state.jobs.keys()]).toEqual([...state.jobs.keys()]);
      await second.stop();
      expect(unequal(await foldLedger(backbone, { to: second.state.offset }), second.state)).toBeNull();
      expect(errors).toEqual([]);

      // A newer one has lost its parts: the one before is taken, and that is told.
      const range = await channels.offsets('snapshots', 0);
      const at = (await channels.offsets('events', 0)).end;
      const damaged = { snapshotId: 'damaged', offset: at, eventCount: 1, parts: 1, bytes: 9, position: range.end };
      await writeSeal(channels, clock, signal, 1, damaged);
      const third = (await start(backbone, 'jm-3')).jobManager;
      await leads(third);
      expect(errors).toEqual([expect.stringMatching(/a snapshot cannot be used.*damaged.*part 1 of 1 is missing/)]);
      await third.stop();

      // None is left.
      const seals = await readSeals(channels, signal, logger);
      expect(seals.length).toBeGreaterThanOrEqual(3);
      await channels.trim('snapshots', 0, (await channels.offsets('snapshots', 0)).end);
      const { jobManager: fourth, failed } = await start(backbone, 'jm-4');
      expect(await failed).toMatchObject({
        code: 'LEDGER_LOST',
        message: expect.stringMatching(
          /begins at offset \d+, and the topic snapshots holds no whole snapshot.*restore/,
        ),
      });
      expect(fourth.role).not.toBe('leader');
    });
  });
});
