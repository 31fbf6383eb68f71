// A TaskManager as a process of its own.
import fs from 'node:fs/promises';
import { createTaskExecutor, openBackbone } from '../wiring.ts';
import { parseProcessArguments } from './processArguments.ts';
import { hostProcess } from './processHost.ts';

export function runTaskManagerProcess(args: readonly string[]): Promise<void> {
  const options = parseProcessArguments('taskmanager', args);
  const { requestId } = options;
  return hostProcess(options, async ({ id, dir, config, logger, onFailure }) => {
    const blobFolder = dir.blobFolder(id);
    const backbone = await openBackbone({ config, dir: dir.path, source: id, logger, createTopics: true });
    const { executor, blobs } = await createTaskExecutor(backbone, {
      config,
      id,
      requestId,
      dir: dir.path,
      blobFolder,
      logger,
      onFailure,
    });
    await executor.start();
    return {
      rest: null,
      slots: config['taskmanager.numberOfTaskSlots'],
      async stop(reason) {
        await executor.stop(reason);
        await blobs[Symbol.asyncDispose]();
        await backbone.close();
        await fs.rm(blobFolder, { recursive: true, force: true });
      },
    };
  });
}
