// A JobManager as a process of its own, whose heartbeats fail for ever once it was heard a few times. Arguments: folder, id.

import { openJournalSignals } from '../../src/adapters/journalSignals.ts';
import { hostProcess } from '../../src/cli/processHost.ts';
import { policyOf } from '../../src/config/policy.ts';
import { JobManager } from '../../src/jobmanager/jobManager.ts';
import type { Signals } from '../../src/ports/signals.ts';
import { openBackbone } from '../../src/wiring.ts';

const GOOD_HEARTBEATS = 5;

const [dir = '', id = ''] = process.argv.slice(2);

await hostProcess({ kind: 'jobmanager', id, dir, requestId: null, overrides: [] }, async (context) => {
  const { config, logger, onFailure } = context;
  const backbone = await openBackbone({ config, dir, source: id, logger, createTopics: true });
  const { channels, clock, ids, journal } = backbone;
  const signals = openJournalSignals({ journal, clock, onError: onFailure });
  let left = GOOD_HEARTBEATS;
  const brittle: Signals = {
    publish(subject, signal) {
      if (left-- <= 0) throw new Error('planted fault');
      return signals.publish(subject, signal);
    },
    subscribe: (subject, onSignal) => signals.subscribe(subject, onSignal),
    [Symbol.asyncDispose]: () => signals[Symbol.asyncDispose](),
  };
  const jobManager = new JobManager({
    id,
    pid: process.pid,
    channels,
    signals: brittle,
    clock,
    ids,
    policy: policyOf(config),
    rest: { host: '127.0.0.1', port: 0 },
    logger,
    onFailure,
  });
  await jobManager.start();
  return { rest: jobManager.restAddress, slots: null, stop: (reason) => jobManager.stop(reason) };
});
