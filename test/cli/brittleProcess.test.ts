// A process of which a part keeps failing is never half alive: it hands over, says why, and ends with an exit code.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../src/adapters/system.ts';
import { ClusterDir } from '../../src/cli/clusterDir.ts';
import { openChannels } from '../../src/codec/channels.ts';
import { readRange } from '../../src/codec/readRange.ts';
import { loadConfig } from '../../src/config.ts';
import { loadTopicSpecs } from '../../src/topics.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-brittle-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it('a JobManager whose part keeps failing releases leadership, says so, and ends with code 1', async () => {
  const script = path.join(import.meta.dirname, 'brittleProcess.ts');
  const child = fork(script, [folder, 'jm-1'], { execArgv: ['--import', 'tsx'], stdio: 'inherit' });
  try {
    const exited = once(child, 'exit');
    const [{ kind, entry }] = await once(child, 'message');
    expect(kind).toBe('started');
    expect(await exited).toEqual([1, null]);
    await expect(fetch(`${entry.rest}/overview`)).rejects.toThrow();
    const dir = new ClusterDir(folder);
    const log = fs.readFileSync(dir.logFile('jm-1'), 'utf8');
    expect(log).toContain('PART_FAILED');
    expect(await dir.liveProcesses('jobmanager')).toEqual([]);

    const journal = await openEmbeddedJournal({
      path: path.join(folder, 'journal'),
      clusterId: loadConfig(null)['cluster.id'],
      clock: systemClock,
    });
    const channels = openChannels(journal, { topics: loadTopicSpecs(), source: 'test' });
    const types: string[] = [];
    const { end } = await channels.offsets('events', 0);
    await readRange(channels, 'events', {
      from: 0,
      to: end,
      signal: AbortSignal.timeout(10_000),
      onDelivery(delivery) {
        if (delivery.kind !== 'message') return;
        const { message } = delivery;
        if (message.type === 'Commit') types.push(...message.events.map(({ type }) => type));
      },
    });
    await journal[Symbol.asyncDispose]();
    expect(types.at(-1)).toBe('LeadershipReleased');
  } finally {
    child.kill('SIGKILL');
  }
});
