// A process for the embedded journal's tests: opens each folder that its parent names, at once, and answers with the error's text, or null.
// It stays open until the next message, as a process of a cluster does.
import { openEmbeddedJournal } from '../../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../../src/adapters/system.ts';
import type { Journal } from '../../../src/ports/journal.ts';

let journal: Journal | null = null;

process.on('message', async (folder: string) => {
  try {
    await journal?.[Symbol.asyncDispose]();
    journal = null;
    if (folder !== '') {
      journal = await openEmbeddedJournal({ path: folder, clock: systemClock });
      await journal.ensureTopics([{ name: 't', partitions: 1, replicas: 1, config: {} }]);
      await journal.append('t', 0, [{ key: null, value: Buffer.of(1), headers: {} }]);
    }
    process.send?.({ error: null });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.send?.({ error: null });
