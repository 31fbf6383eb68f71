// The embedded journal keeps the contract.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../src/adapters/system.ts';
import { journalContract } from './journalContract.ts';

journalContract('embedded', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-embedded-'));
  return {
    connect: () => openEmbeddedJournal({ path: path.join(folder, 'journal'), clock: systemClock }),
    close: async () => fs.rmSync(folder, { recursive: true, force: true }),
  };
});
