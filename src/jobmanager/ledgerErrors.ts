// Ledgers that cannot be read on, in the words that an operator sees.
import type { Delivery } from '../codec/channels.ts';
import { isFramed } from '../codec/codec.ts';
import type { LedgerRecord } from '../core/ledger.ts';
import { JobManagerError, messageOf } from './errors.ts';

export function lost(what: string, position: number): JobManagerError {
  return new JobManagerError(
    'LEDGER_LOST',
    `The journal no longer holds the ledger that this JobManager has read: its replica is at offset ${position} of the topic events, which is out of the log's range (${what}). ` +
      'It stops rather than go on from a history that nobody else can read. Restore the topic events, or start a cluster with a new cluster id.',
  );
}

/** The log was trimmed, and of the snapshots that should stand for what is gone none can be used. */
export function baseless(earliest: number, target: number): JobManagerError {
  return new JobManagerError(
    'LEDGER_LOST',
    `The topic events begins at offset ${earliest}, and the topic snapshots holds no whole snapshot from which the state at offset ${target} could be built. ` +
      'Ask for a later offset, or restore the topic snapshots; a cluster that has lost both starts anew with a new cluster id.',
  );
}

/** Not the bytes of a message of any version: some other program wrote it, and it is void on every replica alike. */
export function isForeign(delivery: Exclude<Delivery<LedgerRecord>, { kind: 'message' }>): boolean {
  return delivery.kind === 'tombstone' || !isFramed(delivery.value);
}

export function undecodable(delivery: Exclude<Delivery<LedgerRecord>, { kind: 'message' }>): JobManagerError {
  const reason = delivery.kind === 'undecodable' ? delivery.reason : 'it has no value';
  return new JobManagerError(
    'LEDGER_UNDECODABLE',
    `The record at offset ${delivery.offset} of the topic events cannot be decoded: ${reason}. The state beyond it is unknown, so this JobManager stops. ` +
      'If a newer version wrote it, run that version; if something else did, keep it from writing to this topic and restore the topic.',
  );
}

export function corrupt(offset: number, cause: unknown): JobManagerError {
  return new JobManagerError(
    'LEDGER_CORRUPT',
    `The record at offset ${offset} of the topic events does not fit the state before it: ${messageOf(cause)}. This JobManager stops. ` +
      'Every replica will stop at the same offset; run the version that wrote the record, and report this as a bug.',
    { cause },
  );
}

export function unreadable(position: number, error: Error): JobManagerError {
  return new JobManagerError(
    'TOPIC_UNREADABLE',
    `Reading the topic events failed for good at offset ${position}: ${messageOf(error)}. Restart this JobManager once the cause is mended.`,
    { cause: error },
  );
}
