// The state of the cluster at any offset that the log still has: from the newest usable snapshot at or below it, and the records in between.
// A replica starts so, a new snapshot is taken so, and people look back so. A snapshot that cannot be used is told of, and the one before
// it is taken.
import type { Channels } from '../codec/channels.ts';
import { pause } from '../codec/durableAppend.ts';
import { readRange } from '../codec/readRange.ts';
import type { VerifiedSnapshot } from '../core/inputs.ts';
import { applyRecord, passForeign } from '../core/ledger.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import { baseless, corrupt, isForeign, lost, undecodable } from './ledgerErrors.ts';
import { Pacer } from './pacer.ts';
import { readParts, readSeals, SnapshotDamaged } from './snapshotTopic.ts';

/** How often the snapshots are looked at again where none can be used. */
const MAX_TRIES = 2;
const RETRY_DELAY_MS = 100;

export interface LedgerReading {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** `offset`: exclusive. Rejects with a JobManagerError where there is no way to that state. */
export async function stateAt(reading: LedgerReading, offset: number): Promise<ClusterState> {
  const { channels, clock, signal } = reading;
  const { end } = await channels.offsets('events', 0);
  if (offset > end) throw lost(`it ends at offset ${end}`, offset);
  const state = await baseOf(reading, offset);
  const pacer = new Pacer(clock, signal);
  await readRange(channels, 'events', {
    from: state.offset,
    to: offset,
    onDelivery: async (delivery) => {
      if (delivery.kind !== 'message') {
        if (!isForeign(delivery)) throw undecodable(delivery);
        return passForeign(state, delivery.offset);
      }
      const { message } = delivery;
      try {
        applyRecord(state, message, delivery.offset);
      } catch (error) {
        throw corrupt(delivery.offset, error);
      }
      await pacer.did(message.type === 'Commit' ? message.events.length : 1);
    },
    signal,
  });
  return state;
}

/** Where to start for the state at `offset`, or for the newest: that of a snapshot, or the empty one where the log is whole. */
export function baseOf(reading: LedgerReading, offset = Number.POSITIVE_INFINITY): Promise<ClusterState> {
  return usableBase(reading, offset, (seals) => seals.filter((seal) => seal.offset <= offset));
}

/** Where everything that the log still has can be folded from: its start, or the oldest snapshot that can be used. */
export function oldestBaseOf(reading: LedgerReading): Promise<ClusterState> {
  return usableBase(reading, Number.POSITIVE_INFINITY, (seals, earliest) => (earliest === 0 ? [] : seals.toReversed()));
}

/** The first usable one of those that are wanted; without any the log's start. `offset`: for whoever reads the error. */
async function usableBase(
  { channels, clock, logger, signal }: LedgerReading,
  offset: number,
  wanted: (newestFirst: readonly VerifiedSnapshot[], earliest: number) => readonly VerifiedSnapshot[],
): Promise<ClusterState> {
  for (let triesLeft = MAX_TRIES; ; triesLeft--) {
    const seals = await readSeals(channels, signal, logger);
    // After the seals: a snapshot stands at an offset that the log had reached by then, and never lost.
    const { earliest, end } = await channels.offsets('events', 0);
    const newest = seals[0]?.offset ?? 0;
    if (newest > end) throw lost(`it ends at offset ${end}, and a snapshot was taken at ${newest}`, newest);
    for (const seal of wanted(seals, earliest)) {
      if (seal.offset < earliest) continue;
      try {
        return await readParts(channels, new Pacer(clock, signal), seal);
      } catch (error) {
        if (!(error instanceof SnapshotDamaged)) throw error;
        logger.error({ error: messageOf(error) }, 'a snapshot cannot be used; another one is taken');
      }
    }
    if (earliest === 0) return emptyState();
    // Or they were dropped for newer ones while they were read.
    if (triesLeft === 0) throw baseless(earliest, Math.min(offset, end));
    await pause(clock, RETRY_DELAY_MS, signal);
  }
}
