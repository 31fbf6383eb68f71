// Commands to a cluster that the command line has no verb for, sent as any other service sends them: as records on `commands`.
import { randomUUID } from 'node:crypto';
import type { PauseJob, RescaleJob, ResumeJob } from '../../src/core/schema.gen.ts';
import type { Backbone } from '../../src/wiring.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'commandId'> : never;
export type SluiceCommand = WithoutId<PauseJob | RescaleJob | ResumeJob>;

export async function sendCommand({ channels }: Backbone, command: SluiceCommand): Promise<void> {
  await channels.append('commands', [{ key: command.jobId, message: { ...command, commandId: randomUUID() } }]);
}
