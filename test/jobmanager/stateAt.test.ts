// The state at any offset that the log still has, on the simulated journal and on the embedded one: from the start, from any snapshot, and
// from the one before where a snapshot is damaged in any way.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { systemClock, systemIds } from '../../src/adapters/system.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import { encodeMessage } from '../../src/codec/codec.ts';
import type { VerifiedSnapshot } from '../../src/core/inputs.ts';
import { applyRecord, type LedgerRecord } from '../../src/core/ledger.ts';
import type { Commit } from '../../src/core/schema.gen.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import { Pacer } from '../../src/jobmanager/pacer.ts';
import { readParts, readSeals, SnapshotDamaged, writeParts, writeSeal } from '../../src/jobmanager/snapshotTopic.ts';
import { stateAt } from '../../src/jobmanager/stateAt.ts';
import type { Journal } from '../../src/ports/journal.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { life, unequal } from '../core/life.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const topics = loadTopicSpecs();
const signal = new AbortController().signal;
const pacer = new Pacer(systemClock, signal);

describe.each(['simulated', 'embedded'] as const)(`states of the past on the %s journal, seed ${SEED}`, (kind) => {
  let journal: Journal;
  let channels: Channels;
  let folder: string;
  let errors: string[];
  let log: readonly LedgerRecord[];
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (details, message) => errors.push(`${message}: ${JSON.stringify(details)}`),
    error: (details, message) => errors.push(`${message}: ${(details as { error: string }).error}`),
  };
  const at = (offset: number) => stateAt({ channels, clock: systemClock, logger, signal }, offset);

  beforeEach(async () => {
    errors = [];
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-stateat-'));
    journal =
      kind === 'embedded'
        ? await openEmbeddedJournal({ path: path.join(folder, 'journal'), clock: systemClock })
        : new SimulatedBroker().connect();
    await journal.ensureTopics(topics);
    channels = openChannels(journal, { topics, source: 'test' });
    log = life(SEED, 250);
    for (let from = 0; from < log.length; from += 50) {
      await channels.append(
        'events',
        log.slice(from, from + 50).map((message) => ({ key: null, message })),
      );
    }
  });
  afterEach(async () => {
    await journal[Symbol.asyncDispose]();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function folded(offset: number): ClusterState {
    const state = emptyState();
    for (const [position, record] of log.slice(0, offset).entries()) applyRecord(state, record, position);
    return state;
  }

  async function take(offset: number): Promise<VerifiedSnapshot> {
    const state = await at(offset);
    const snapshot = await writeParts(channels, systemClock, pacer, `${offset}-${systemIds.hex(4)}`, state);
    expect(unequal(await readParts(channels, pacer, snapshot), state)).toBeNull();
    await writeSeal(channels, systemClock, signal, state.at, snapshot);
    return snapshot;
  }

  it('are those of a fold from the start, with and without snapshots, and after the log was trimmed', async () => {
    const random = seededRandom(SEED + 1);
    const offsets = Array.from({ length: 12 }, () => Math.floor(random() * (log.length + 1))).sort((a, b) => a - b);
    for (const offset of offsets) expect(unequal(await at(offset), folded(offset)), `at ${offset}`).toBeNull();
    const snapshots: VerifiedSnapshot[] = [];
    for (const offset of [0.3, 0.6, 0.9]) snapshots.push(await take(Math.floor(log.length * offset)));
    for (const offset of offsets) expect(unequal(await at(offset), folded(offset)), `at ${offset}`).toBeNull();
    const [first, second, third] = snapshots as [VerifiedSnapshot, VerifiedSnapshot, VerifiedSnapshot];
    await channels.trim('events', 0, second.offset);
    await channels.trim('snapshots', 0, second.position);
    for (const offset of [second.offset, second.offset + 1, third.offset, third.offset + 1, log.length])
      expect(unequal(await at(offset), folded(offset)), `at ${offset}`).toBeNull();
    expect((await readSeals(channels, signal, logger)).map(({ offset }) => offset)).toEqual([
      third.offset,
      second.offset,
    ]);
    expect(errors).toEqual([]);
    await expect(at(first.offset)).rejects.toMatchObject({ code: 'LEDGER_LOST' });
    await expect(at(log.length + 1)).rejects.toMatchObject({ code: 'LEDGER_LOST' });
  });

  const damages: readonly (readonly [string, (parts: Commit[]) => readonly (Commit | Uint8Array | null)[], RegExp])[] =
    [
      ['has lost its last part', (parts) => parts.slice(0, -1), /part \d of \d is missing/],
      ['has lost one between', ([first, _, ...rest]) => [first!, ...rest], /part 2 is missing/],
      ['has lost all', () => [], /part 1 of \d is missing/],
      [
        'holds a part that cannot be decoded',
        ([first, ...rest]) => [encodeMessage(first!).slice(0, -3), ...rest],
        /cannot be decoded/,
      ],
      ['holds a part without a value', ([first, ...rest]) => [first!, null, ...rest.slice(1)], /cannot be decoded/],
      [
        'lacks an event',
        (parts) =>
          parts.map((part, index) =>
            index === parts.length - 1 ? { ...part, events: part.events.slice(0, -1) } : part,
          ),
        /not what was written/,
      ],
      [
        'says something else',
        (parts) => parts.map((part) => ({ ...part, at: part.at + 2 ** 20 })),
        /not what was written/,
      ],
      [
        'has its events in another order',
        ([first, ...rest]) => [{ ...first!, events: first!.events.toReversed() }, ...rest],
        /does not fit/,
      ],
    ];
  it.each(damages)('are found from the snapshot before where one %s', async (_, damage, reason) => {
    const before = await take(Math.floor(log.length / 2));
    const state = folded(log.length);
    // Not sealed, so that only the damaged one could be taken.
    const genuine = await writeParts(channels, systemClock, pacer, 'genuine', state);
    // The same again under another id, damaged; small parts, so that there are several.
    const events: Commit['events'][number][] = [];
    const { end } = await channels.offsets('snapshots', 0);
    const tail = await new Promise<{ close(): Promise<void> }>((resolve, reject) => {
      const following = channels.follow('snapshots', {
        from: () => genuine.position,
        onBatch: ({ deliveries, next }) => {
          for (const delivery of deliveries) {
            if (delivery.kind === 'message' && delivery.key?.endsWith('seal') === false)
              events.push(...delivery.message.events);
          }
          if (next >= end) resolve(following);
        },
        onError: reject,
      });
    });
    await tail.close();
    await journal.trim('snapshots', 0, 0);
    const third = Math.ceil(events.length / 3);
    const parts = [0, 1, 2].map(
      (index): Commit => ({
        type: 'Commit',
        epoch: 0,
        seq: index + 1,
        at: state.at,
        causes: [],
        events: events.slice(index * third, (index + 1) * third),
      }),
    );
    const bytes = parts.reduce((sum, part) => sum + encodeMessage(part).length, 0);
    const position = (await channels.offsets('snapshots', 0)).end;
    for (const part of damage(parts)) {
      const seq = part === null ? 2 : 'seq' in part ? part.seq : 1;
      const value = part === null || part instanceof Uint8Array ? part : encodeMessage(part);
      await journal.append('snapshots', 0, [{ key: `damaged/${seq}`, value, headers: {} }]);
    }
    const snapshot = {
      snapshotId: 'damaged',
      offset: log.length,
      eventCount: state.eventCount,
      parts: 3,
      bytes,
      position,
    };
    await writeSeal(channels, systemClock, signal, state.at, snapshot);
    await expect(readParts(channels, pacer, snapshot)).rejects.toBeInstanceOf(SnapshotDamaged);

    expect(unequal(await at(log.length), folded(log.length))).toBeNull();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(reason);
    // It is no way to what lies before it, either; and the one before that still is.
    expect(unequal(await at(before.offset + 1), folded(before.offset + 1))).toBeNull();
  });

  it('are found where parts were written twice and mixed with those of another', async () => {
    const [left, right] = [folded(40), folded(80)];
    const id = (state: ClusterState) => `id-${state.offset}`;
    for (const state of [left, right, left, right]) await writeParts(channels, systemClock, pacer, id(state), state);
    for (const state of [left, right]) {
      const snapshot = await writeParts(channels, systemClock, pacer, id(state), state);
      const read = await readParts(channels, pacer, { ...snapshot, position: 0 });
      expect(unequal(read, state)).toBeNull();
    }
  });

  it('are not looked for in what has no seal', async () => {
    await writeParts(channels, systemClock, pacer, 'unsealed', folded(50));
    expect(await readSeals(channels, signal, logger)).toEqual([]);
    await channels.trim('events', 0, 50);
    await expect(at(60)).rejects.toMatchObject({
      code: 'LEDGER_LOST',
      message: expect.stringContaining('no whole snapshot'),
    });
  });
});
