// Reads a cluster's ledger for people, from its journal and past its JobManagers: so it works on a running cluster, on a stopped one, and on
// one that cannot start. Records are folded by the same `applyRecord` that every replica runs; where the log was trimmed, from the same
// snapshots.
import fs from 'node:fs';
import path from 'node:path';
import type { Delivery } from '../codec/channels.ts';
import { readRange } from '../codec/readRange.ts';
import { loadConfig } from '../config.ts';
import { jobStateOf } from '../core/jobStatus.ts';
import { applyRecord, type LedgerRecord, passForeign, type VoidReason, voidReasonOf } from '../core/ledger.ts';
import type { ClusterState } from '../core/state.ts';
import { JobManagerError } from '../jobmanager/errors.ts';
import { isForeign } from '../jobmanager/ledgerErrors.ts';
import { baseOf, oldestBaseOf } from '../jobmanager/stateAt.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { type Backbone, openBackbone } from '../wiring.ts';
import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import { matchJobId } from './jobIds.ts';
import { silent } from './silentLogger.ts';

/** How often the reading begins anew because the log was trimmed before its first record was read. */
const MAX_STARTS = 3;

/** What stands at an offset of the ledger, and what became of it. */
export type LedgerEntry =
  | {
      readonly kind: 'record';
      readonly offset: number;
      readonly record: LedgerRecord;
      /** Why it is void; null: it counted. */
      readonly voidReason: VoidReason | null;
    }
  /** Sluice did not write it: it is void on every replica. */
  | { readonly kind: 'foreign'; readonly offset: number; readonly at: number; readonly bytes: number };

export interface LedgerReading {
  /** Fold from the newest snapshot at or below this offset, which is quick; default: from the beginning of what the log has. */
  readonly near?: number;
  /** Fold up to this offset, exclusive; default: what the log holds now. `Infinity` follows it. */
  readonly to?: number;
  /** Ends the reading in order. */
  readonly signal?: AbortSignal;
  /** Before the first entry, with the state that the fold starts from: an empty one, or that of a snapshot. */
  readonly onBase?: (state: Readonly<ClusterState>) => void | Promise<void>;
  /** Right after the record was folded; the next waits for the promise. False ends the reading. */
  readonly onEntry?: (
    entry: LedgerEntry,
    state: Readonly<ClusterState>,
  ) => boolean | undefined | Promise<boolean | undefined>;
}

const neverAborted = new AbortController().signal;

/** A snapshot that had to be passed over is worth a word. */
const aloud: Logger = {
  debug() {},
  info() {},
  warn: (fields, message) => console.error(`sluice: ${message}: ${JSON.stringify(fields)}`),
  error: (fields, message) => console.error(`sluice: ${message}: ${JSON.stringify(fields)}`),
};

/** What a ledger is read from. */
export type LedgerPorts = Pick<Backbone, 'channels' | 'clock'>;

/** The record at `offset` cannot be folded, so nothing is known of what comes after. */
export class LedgerDamaged extends CliError {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super('LEDGER_DAMAGED', message);
    this.offset = offset;
  }
}

/** Ends a reading from within. */
class Enough extends Error {}

/** Does something with a cluster's journal, which is closed after it. Nothing is created: a folder without a journal is an error. */
export async function withJournal<T>(folder: string, action: (backbone: Backbone) => Promise<T>): Promise<T> {
  const dir = new ClusterDir(folder);
  const config = loadConfig(dir.existingConfigFile);
  const embedded = path.resolve(dir.path, config['journal.embedded.path']);
  if (config['journal.type'] === 'embedded' && !fs.existsSync(embedded))
    throw new CliError(
      'NO_LEDGER',
      `There is no ledger in ${dir.name}: name the folder of a cluster that was started, with --dir.`,
    );
  const backbone = await openBackbone({ config, dir: dir.path, source: 'cli', logger: silent, createTopics: false });
  try {
    return await action(backbone);
  } finally {
    await backbone.close();
  }
}

/** Folds the ledger; resolves with the state where the reading ended. */
export async function foldLedger(ports: LedgerPorts, reading: LedgerReading = {}): Promise<ClusterState> {
  const { channels } = ports;
  const { end } = await channels.offsets('events', 0);
  for (let startsLeft = MAX_STARTS - 1; ; startsLeft--) {
    const state = await baseFor(ports, reading);
    const base = state.offset;
    await reading.onBase?.(state);
    try {
      await readRange(channels, 'events', {
        from: base,
        to: reading.to ?? end,
        signal: reading.signal ?? neverAborted,
        onDelivery: async (delivery) => {
          const entry = foldDelivery(state, delivery);
          if ((await reading.onEntry?.(entry, state)) === false) throw new Enough();
        },
      });
      return state;
    } catch (error) {
      if (error instanceof Enough || reading.signal?.aborted) return state;
      const trimmed = error instanceof JournalError && error.code === 'OFFSET_OUT_OF_RANGE';
      // The cluster runs on beside this, and trims.
      if (!trimmed || state.offset > base || startsLeft === 0) throw error;
    }
  }
}

async function baseFor({ channels, clock }: LedgerPorts, { near, signal }: LedgerReading): Promise<ClusterState> {
  const reading = { channels, clock, logger: aloud, signal: signal ?? neverAborted };
  try {
    return await (near === undefined ? oldestBaseOf(reading) : baseOf(reading, near));
  } catch (error) {
    if (!(error instanceof JobManagerError)) throw error;
    if (near === undefined) throw new CliError('LEDGER_TRIMMED', error.message);
    const oldest = await baseFor({ channels, clock }, {});
    throw new CliError(
      'LEDGER_TRIMMED',
      `The ledger was trimmed: it begins at offset ${oldest.offset} now, so of offset ${near} nothing is known.`,
    );
  }
}

/** Folds one record. Throws LedgerDamaged where it cannot be. */
export function foldDelivery(state: ClusterState, delivery: Delivery<LedgerRecord>): LedgerEntry {
  const { offset, timestamp } = delivery;
  if (delivery.kind !== 'message') {
    if (isForeign(delivery)) {
      passForeign(state, offset);
      return { kind: 'foreign', offset, at: timestamp, bytes: 'value' in delivery ? delivery.value.length : 0 };
    }
    throw new LedgerDamaged(offset, undecodableText(delivery));
  }
  const record = delivery.message;
  const voidReason = voidReasonOf(state, record);
  try {
    applyRecord(state, record, offset);
  } catch (error) {
    throw new LedgerDamaged(
      offset,
      `The record at offset ${offset} of the ledger does not fit the state before it: ${(error as Error).message}.`,
    );
  }
  return { kind: 'record', offset, record, voidReason };
}

function undecodableText(delivery: Exclude<Delivery<LedgerRecord>, { kind: 'message' }>): string {
  const reason = delivery.kind === 'undecodable' ? delivery.reason : 'it has no value';
  return `The record at offset ${delivery.offset} of the ledger cannot be decoded: ${reason}. If a newer version wrote it, use that one.`;
}

/** The job that is meant: its id, or the beginning of it that no other has. */
export function findJobId(state: Readonly<ClusterState>, text: string): string | null {
  const jobs = [...state.jobs.values()];
  return matchJobId(
    text,
    jobs.map(({ id: jobId, name, status }) => ({ jobId, name, state: jobStateOf(status) })),
  );
}
