// Reads a cluster's ledger for people, from its journal and past its JobManagers: so it works on a running cluster, on a stopped one, and on
// one that cannot start. Records are folded by the same `applyRecord` that every replica runs.
import fs from 'node:fs';
import path from 'node:path';
import type { Channels, Delivery } from '../codec/channels.ts';
import { isFramed } from '../codec/codec.ts';
import { loadConfig } from '../config.ts';
import { applyRecord, type LedgerRecord, passForeign, type Verdict } from '../core/ledger.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import type { Tail } from '../ports/journal.ts';
import { type Backbone, openBackbone } from '../wiring.ts';
import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import { silent } from './silentLogger.ts';

export interface LedgerEntry {
  readonly offset: number;
  readonly record: LedgerRecord;
  readonly verdict: Verdict;
}

export interface LedgerReading {
  /** Fold up to this offset, exclusive; default: what the log holds now. `Infinity` follows it. */
  readonly to?: number;
  /** Ends the reading in order. */
  readonly signal?: AbortSignal;
  /** Right after the record was folded; the next waits for the promise. False ends the reading. */
  readonly onEntry?: (
    entry: LedgerEntry,
    state: Readonly<ClusterState>,
  ) => boolean | undefined | Promise<boolean | undefined>;
}

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
export async function foldLedger(channels: Channels, reading: LedgerReading = {}): Promise<ClusterState> {
  const { signal, onEntry } = reading;
  const { earliest, end } = await channels.offsets('events', 0);
  if (earliest > 0)
    throw new CliError(
      'LEDGER_TRIMMED',
      `The ledger begins at offset ${earliest}: what came before was trimmed, and the records since cannot be judged without it.`,
    );
  const to = reading.to ?? end;
  const state = emptyState();
  if (to <= 0 || (to <= end && end === 0) || signal?.aborted) return state;
  let following: Promise<Tail> | undefined;
  const read = new Promise<void>((resolve, reject) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
    following = channels.follow('events', {
      from: () => 0,
      onBatch: async ({ deliveries, next }) => {
        for (const delivery of deliveries) {
          if (delivery.offset >= to || signal?.aborted) return resolve();
          const entry = fold(state, delivery);
          if (entry !== null && (await onEntry?.(entry, state)) === false) return resolve();
        }
        if (next >= to) resolve();
      },
      onError: reject,
    });
    following.catch(reject);
  });
  try {
    await read;
  } finally {
    await (await following?.catch(() => null))?.close();
  }
  return state;
}

/** Null: a record that Sluice did not write, which is void on every replica. */
function fold(state: ClusterState, delivery: Delivery<LedgerRecord>): LedgerEntry | null {
  const { offset } = delivery;
  if (delivery.kind !== 'message') {
    if (delivery.kind === 'tombstone' || !isFramed(delivery.value)) {
      passForeign(state, offset);
      return null;
    }
    const { reason } = delivery;
    throw new CliError(
      'LEDGER_DAMAGED',
      `The record at offset ${offset} of the ledger cannot be decoded: ${reason}. If a newer version wrote it, use that one.`,
    );
  }
  try {
    return { offset, record: delivery.message, verdict: applyRecord(state, delivery.message, offset) };
  } catch (error) {
    throw new CliError(
      'LEDGER_DAMAGED',
      `The record at offset ${offset} of the ledger does not fit the state before it: ${(error as Error).message}.`,
    );
  }
}

/** The job that is meant: its id, or the beginning of it that no other has. */
export function findJobId(state: Readonly<ClusterState>, text: string): string | null {
  const found = [...state.jobs.keys()].filter((jobId) => jobId.startsWith(text));
  if (found.length > 1)
    throw new CliError('BAD_ARGUMENT', `${found.length} jobs begin with "${text}": give more of the JobID.`);
  return found[0] ?? null;
}
