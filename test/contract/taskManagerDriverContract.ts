// What every TaskManagerDriver promises: one TaskManager a request, whoever asks and however often; a stop ends the one that is meant, sooner
// or later, and never another; what failed can be asked for again.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskManagerDriver } from '../../src/ports/taskManagerDriver.ts';

export interface DriverStage {
  /** Another JobManager's. */
  driver(): TaskManagerDriver;
  /** Ids of the TaskManagers that run. */
  running(): Promise<string[]>;
  /** The next start fails for good. */
  failOnce(): void;
  close(): Promise<void>;
}

export function taskManagerDriverContract(name: string, open: () => Promise<DriverStage>): void {
  describe(`TaskManagerDriver contract: ${name}`, () => {
    let stage: DriverStage;
    beforeEach(async () => {
      stage = await open();
    });
    afterEach(() => stage.close());

    it('starts one TaskManager a request, asked together, again, and by the next leader', async () => {
      const first = stage.driver();
      await Promise.all(['r-1', 'r-2', 'r-1', 'r-3'].map((request) => first.start(request)));
      expect(await stage.running()).toHaveLength(3);
      await Promise.all([first.start('r-2'), stage.driver().start('r-3')]);
      expect(await stage.running()).toHaveLength(3);
    });

    it('stops those that are meant in whatever order, and no other', async () => {
      const driver = stage.driver();
      for (const request of ['r-1', 'r-2', 'r-3']) await driver.start(request);
      const ids = await stage.running();
      for (const [index, id] of ids.entries()) {
        await driver.stop(id);
        await stage.driver().stop(id);
        for (const kept of ids.slice(index + 1)) expect(await stage.running()).toContain(kept);
      }
      await expect.poll(() => stage.running()).toEqual([]);
    });

    it('takes one that does not run for stopped', async () => {
      const driver = stage.driver();
      await driver.start('r-1');
      const before = await stage.running();
      await driver.stop('tm-unknown');
      await driver.stop('sluice-taskmanager-17-abcdef');
      expect(await stage.running()).toEqual(before);
    });

    it('says why one cannot be started, and starts it when asked again', async () => {
      const driver = stage.driver();
      stage.failOnce();
      await expect(driver.start('r-1')).rejects.toThrow(/./);
      expect(await stage.running()).toEqual([]);
      await driver.start('r-1');
      expect(await stage.running()).toHaveLength(1);
    });
  });
}
