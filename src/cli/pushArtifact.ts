// `sluice artifact push`: bundles a job's file and stores it under a name, so that others can submit it by that name.
import { bundleJob } from '../client/bundle.ts';
import { MAX_NAME_CHARS } from '../core/dispatcher.ts';
import { connectJobClient } from '../wiring.ts';
import { CliError } from './cliError.ts';
import { withJournal } from './ledger.ts';
import type { DirOption } from './options.ts';

interface PushOptions extends DirOption {
  readonly name?: string;
}

export async function pushArtifact(file: string, { dir, name }: PushOptions): Promise<void> {
  // No job could be submitted by it.
  if (name !== undefined && (name === '' || name.length > MAX_NAME_CHARS))
    throw new CliError(
      'BAD_ARGUMENT',
      `The name of the artifact has ${name.length} characters: 1 to ${MAX_NAME_CHARS} are possible.`,
    );
  const bundle = await bundleJob(file);
  await withJournal(dir, async (backbone) => {
    const client = await connectJobClient(backbone);
    try {
      const artifact = await client.push({ name: name ?? bundle.name, bytes: bundle.bytes });
      console.log(`Pushed ${artifact.name}, ${bundle.bytes.length} bytes, sha256 ${artifact.sha256}`);
    } finally {
      await client.close();
    }
  });
}
