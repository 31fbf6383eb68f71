// A JobManager as a process of its own.
import fs from 'node:fs/promises';
import { createJobManager, openBackbone } from '../wiring.ts';
import { parseProcessArguments } from './processArguments.ts';
import { hostProcess } from './processHost.ts';

export function runJobManagerProcess(args: readonly string[]): Promise<void> {
  return hostProcess(parseProcessArguments('jobmanager', args), async ({ id, dir, config, logger, onFailure }) => {
    const backbone = await openBackbone({ config, dir: dir.path, source: id, logger, createTopics: true });
    const blobFolder = dir.blobFolder(id);
    const { jobManager, planner } = await createJobManager(backbone, {
      config,
      id,
      dir: dir.path,
      blobFolder,
      logger,
      onFailure,
    });
    await jobManager.start();
    return {
      rest: jobManager.restAddress,
      slots: null,
      async stop(reason) {
        await jobManager.stop(reason);
        await planner[Symbol.asyncDispose]();
        await backbone.close();
        await fs.rm(blobFolder, { recursive: true, force: true });
      },
    };
  });
}
