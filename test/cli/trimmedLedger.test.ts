// What the commands say of a ledger whose beginning was trimmed below a snapshot, and what `log verify` finds: on the embedded journal and
// on Kafka. The ledger is one that a cluster writes in a life by chance.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldLedger } from '../../src/cli/ledger.ts';
import { ledgerOf, verify } from '../../src/cli/verifyLog.ts';
import { parseConfig } from '../../src/config.ts';
import type { VerifiedSnapshot } from '../../src/core/inputs.ts';
import { applyRecord, type LedgerRecord } from '../../src/core/ledger.ts';
import type { ClusterEvent, Commit } from '../../src/core/schema.gen.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import { Pacer } from '../../src/jobmanager/pacer.ts';
import { writeParts, writeSeal } from '../../src/jobmanager/snapshotTopic.ts';
import { type Backbone, openBackbone } from '../../src/wiring.ts';
import { life, unequal } from '../core/life.ts';
import { sluice } from '../e2e/cluster.ts';
import { kafkaForTests } from '../kafka/broker.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const brokers = await kafkaForTests();
const { signal } = new AbortController();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe.each(['embedded', 'kafka'] as const)(`a trimmed ledger on %s, seed ${SEED}`, (type) => {
  describe.skipIf(type === 'kafka' && !brokers)('', () => {
    let folder: string;
    let backbone: Backbone;
    let log: readonly LedgerRecord[];

    beforeEach(async () => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trimmed-'));
      const text =
        type === 'embedded'
          ? ''
          : `journal.type: kafka\njournal.kafka.brokers: ${brokers?.join(',')}\ncluster.id: t${randomBytes(6).toString('hex')}\n`;
      fs.mkdirSync(path.join(folder, '.sluice'));
      fs.writeFileSync(path.join(folder, '.sluice', 'sluice.yaml'), text);
      backbone = await openBackbone({
        config: parseConfig(text, 'test'),
        dir: path.join(folder, '.sluice'),
        source: 'test',
        logger: quiet,
        createTopics: true,
      });
      log = life(SEED, 200);
      await append(...log);
    });
    afterEach(async () => {
      await backbone.close();
      fs.rmSync(folder, { recursive: true, force: true });
    });

    async function append(...records: readonly LedgerRecord[]): Promise<void> {
      await backbone.channels.append(
        'events',
        records.map((message) => ({ key: null, message })),
      );
    }

    function folded(offset: number, records = log): ClusterState {
      const state = emptyState();
      for (const [position, record] of records.slice(0, offset).entries()) applyRecord(state, record, position);
      return state;
    }

    /** Sealed, of that state, as the leader's next one would be. */
    async function snapshot(state: ClusterState, id: string): Promise<VerifiedSnapshot> {
      const { channels, clock } = backbone;
      const taken = await writeParts(channels, clock, new Pacer(clock, signal), id, state);
      await writeSeal(channels, clock, signal, state.at, taken);
      return taken;
    }

    /** The Commit that would follow on the log, without leave of any decision. */
    function nextCommit(...events: ClusterEvent[]): Commit {
      const { epoch, seq, at } = folded(log.length);
      return { type: 'Commit', epoch, seq: seq + 1, at, causes: [], events };
    }

    const taken = (snapshot: VerifiedSnapshot): ClusterEvent => ({ type: 'SnapshotTaken', ...snapshot, dropped: [] });

    /** Two snapshots that the ledger keeps, and the log trimmed below the first. */
    async function trim(): Promise<readonly [number, number]> {
      const offsets = [Math.floor(log.length * 0.5), Math.floor(log.length * 0.8)] as const;
      const [first, second] = [
        await snapshot(folded(offsets[0]), 'first'),
        await snapshot(folded(offsets[1]), 'second'),
      ];
      const commit = nextCommit(taken(first), taken(second));
      await append(commit);
      log = [...log, commit];
      await backbone.channels.trim('events', 0, first.offset);
      await backbone.channels.trim('snapshots', 0, first.position);
      return offsets;
    }

    const verified = async () => verify(await ledgerOf(backbone));

    it('folds to the same states from a snapshot, and says where it begins', async () => {
      const [first, second] = await trim();
      for (const to of [first, first + 1, second - 1, second, second + 3, log.length]) {
        expect(unequal(await foldLedger(backbone, { to }), folded(to)), `up to ${to}`).toBeNull();
        expect(unequal(await foldLedger(backbone, { near: to, to }), folded(to)), `near ${to}`).toBeNull();
      }
      const bases: number[] = [];
      const onBase = ({ offset }: Readonly<ClusterState>): void => void bases.push(offset);
      await foldLedger(backbone, { onBase });
      await foldLedger(backbone, { near: second, onBase });
      await foldLedger(backbone, { near: second - 1, onBase });
      expect(bases).toEqual([first, second, first]);
      await expect(foldLedger(backbone, { near: first - 1 })).rejects.toMatchObject({
        code: 'LEDGER_TRIMMED',
        message: expect.stringContaining(`begins at offset ${first}`),
      });

      const lines = await sluice(folder, ['log', '--json']);
      expect(lines).toMatchObject({ code: 0, stderr: expect.stringContaining(`it begins at offset ${first}`) });
      const shown = lines.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(shown.map(({ offset }) => offset)).toEqual(log.slice(first).map((_, index) => first + index));
      const state = await sluice(folder, ['state', '--at', String(second - 1), '--json']);
      expect(JSON.parse(state.stdout)).toMatchObject({ offset: second, events: folded(second).eventCount });
      expect(await sluice(folder, ['state', '--at', String(first - 3)])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(`begins at offset ${first}`),
      });
    });

    it('tells of a job what the snapshot remembers', async () => {
      const [first] = await trim();
      const before = folded(first);
      const [job] = [...before.jobs.values()].filter(({ id }) => folded(log.length).jobs.has(id));
      if (job === undefined) return;
      const { stdout, code } = await sluice(folder, ['why', job.id]);
      expect(code).toBe(0);
      expect(stdout).toContain(`What came before offset ${first} was trimmed; by then it was ${job.status.kind}`);
      expect(stdout).toContain(`by command ${job.commandId}`);
    });

    it('is found sound with its snapshots, and one without a whole snapshot is refused', async () => {
      const [first] = await trim();
      expect(await verified()).toMatchObject({ from: first, faults: [], snapshots: ['first', 'second'] });
      await backbone.channels.trim('events', 0, log.length - 1);
      await expect(foldLedger(backbone)).rejects.toMatchObject({
        code: 'LEDGER_TRIMMED',
        message: expect.stringContaining('no whole snapshot'),
      });
    });

    it('whose snapshots do not hold what they should is found out', async () => {
      const [first, second] = await trim();
      const other = folded(second);
      other.desiredTaskManagers += 1;
      const wrong = await snapshot(other, 'wrong');
      const torn = await snapshot(folded(second + 1), 'torn');
      const commit = nextCommit(taken(wrong), taken({ ...torn, parts: torn.parts + 1 }), {
        ...(taken(torn) as Extract<ClusterEvent, { type: 'SnapshotTaken' }>),
        snapshotId: 'lost',
      });
      await append(commit);
      log = [...log, commit];
      const { faults, snapshots } = await verified();
      expect(snapshots).toEqual(expect.arrayContaining(['first', 'second']));
      expect(snapshots).not.toContain('wrong');
      expect(faults).toEqual([
        { offset: second, what: expect.stringMatching(/^snapshot wrong: .*state\.desiredTaskManagers is \d+ and \d+/) },
        { offset: log.length - 1, what: 'snapshot torn is sealed as another one than the ledger keeps' },
        { offset: log.length - 1, what: 'snapshot lost, which the ledger keeps, is not on the topic snapshots' },
      ]);
      // Damaged bytes of the oldest: the fold starts from the next, and says so.
      expect(first).toBeLessThan(second);
      const { code, stdout } = await sluice(folder, ['log', 'verify']);
      expect(code).toBe(1);
      expect(stdout).toContain('3 faults:\n');
    });

    it('misses no snapshot that a leader drops at that moment, and each that it keeps', async () => {
      await trim();
      const ledger = await ledgerOf(backbone);
      const [, second] = folded(log.length).snapshots;
      await backbone.channels.trim('snapshots', 0, second?.position ?? 0);
      const missing = { what: 'snapshot first, which the ledger keeps, is not on the topic snapshots' };
      const { seals } = await ledgerOf(backbone);
      expect((await verify({ ...ledger, seals })).faults).toMatchObject([missing]);
      const unreadable = await verify(ledger);
      expect(unreadable.faults).toMatchObject([{ what: expect.stringMatching(/^snapshot first: /) }]);
      const third = await snapshot(folded(log.length), 'third');
      await append(nextCommit({ type: 'SnapshotTaken', ...third, dropped: ['first'] }));
      expect((await verify({ ...ledger, seals })).faults).toEqual([]);
      expect((await verify(ledger)).faults).toEqual([]);
    });

    it('with an event that may not be is found out at its record', async () => {
      await trim();
      const job = [...folded(log.length).jobs.values()].find(({ status }) => status.kind !== 'FINISHED');
      const jobId = job?.id ?? 'none';
      const at = log.length;
      await append(nextCommit({ type: 'TaskRunning', jobId, vertex: 0, subtask: 0, attempt: 999 }));
      expect((await verified()).faults).toEqual([
        { offset: at, what: expect.stringMatching(new RegExp(`offset ${at} of the ledger does not fit`)) },
      ]);
    });
  });
});
