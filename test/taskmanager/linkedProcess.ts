// A TaskManager of its own process, on an embedded journal, whose tasks do nothing. Arguments: folder of the journal, id. Says `registered`
// once it is, and stops in order on SIGTERM.
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { openJournalSignals } from '../../src/adapters/journalSignals.ts';
import { systemClock } from '../../src/adapters/system.ts';
import { openChannels } from '../../src/codec/channels.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { FakeWorkers } from './fakeWorkers.ts';

const [folder = '', id = ''] = process.argv.slice(2);
const journal = await openEmbeddedJournal({ path: folder, clock: systemClock });
const executor = new TaskExecutor({
  id,
  channels: openChannels(journal, { topics: loadTopicSpecs(), source: id }),
  signals: openJournalSignals({ journal, clock: systemClock, onError() {} }),
  clock: systemClock,
  workers: new FakeWorkers(),
  slots: 1,
  managedMemoryBytes: 0,
  linked: true,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  pid: process.pid,
  onFailure: (error) => {
    throw error;
  },
});
process.on('SIGTERM', () => {
  void executor.stop('SIGTERM').then(async () => {
    await journal[Symbol.asyncDispose]();
    process.exit(0);
  });
});
await executor.start();
const waiting = setInterval(() => {
  if (!executor.isRegistered) return;
  clearInterval(waiting);
  process.send?.('registered');
}, 5);
