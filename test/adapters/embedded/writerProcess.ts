// A process for the embedded journal's tests: appends as told by its arguments and tells its parent what was acknowledged.
// Arguments: folder, mode (`stream`: numbered records without end; `echo`: answers each record of `ping` on `pong`), name.
import { openEmbeddedJournal } from '../../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../../src/adapters/system.ts';

const [folder = '', mode = '', name = ''] = process.argv.slice(2);
const journal = await openEmbeddedJournal({ path: folder, clock: systemClock });
const tell = (message: unknown): void => {
  process.send?.(message);
};

function numbered(from: number, count: number): { key: string; value: Buffer; headers: Record<string, string> }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: name,
    value: Buffer.from(String(from + index)),
    headers: { writer: name },
  }));
}

if (mode === 'echo') {
  await journal.tail([{ topic: 'ping', partition: 0, from: 'latest' }], {
    onBatch: async ({ records }) => {
      await journal.append('pong', 0, records);
    },
    onError: (error) => {
      throw error;
    },
  });
  tell({ ready: true });
} else {
  tell({ ready: true });
  for (let next = 0; ; ) {
    // Several at once, small and large, so that a kill hits group commits too.
    const calls = [1, 7, 300].map((count) => {
      const from = next;
      next += count;
      return journal.append('stream', 0, numbered(from, count)).then((offset) => tell({ from, count, offset }));
    });
    await Promise.all(calls);
  }
}
