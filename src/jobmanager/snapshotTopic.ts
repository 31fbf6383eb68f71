// Snapshots on their topic: a state as the events that rebuild it, in Commits of some hundred kilobytes keyed `<id>/<part>`, and behind them a
// seal, keyed `<id>/seal`, which is written only when the parts were read back and found to rebuild that state. What has no seal is not
// a snapshot. A seal says where its parts begin and how many bytes they have, so that damage shows before anything is built on it.
import type { Channels } from '../codec/channels.ts';
import { encodeMessage } from '../codec/codec.ts';
import { appendDurably } from '../codec/durableAppend.ts';
import { readRange } from '../codec/readRange.ts';
import { evolve } from '../core/evolve.ts';
import type { VerifiedSnapshot } from '../core/inputs.ts';
import type { ClusterEvent, Commit, SnapshotTaken } from '../core/schema.gen.ts';
import { snapshotOf } from '../core/snapshot.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import type { Pacer } from './pacer.ts';

/** A part is closed before it gets larger, which decodes in some milliseconds; a single event may be larger. */
const PART_BYTES = 256 * 1024;
const SEAL = 'seal';
/** How often the seals are read again because the topic was trimmed while they were. */
const MAX_SEAL_READS = 5;

/** A snapshot that is sealed and cannot be used all the same. */
export class SnapshotDamaged extends Error {
  override readonly name = 'SnapshotDamaged';
  readonly code = 'SNAPSHOT_DAMAGED';
}

/** Writes the parts of a snapshot of `state`; resolves when they are durable. */
export async function writeParts(
  channels: Channels,
  clock: Clock,
  pacer: Pacer,
  snapshotId: string,
  state: Readonly<ClusterState>,
): Promise<VerifiedSnapshot> {
  const { offset, eventCount } = state;
  let position = -1;
  let parts = 0;
  let bytes = 0;
  const append = async (events: readonly ClusterEvent[]): Promise<void> => {
    const message = commitOf(state, ++parts, events);
    bytes += encodeMessage(message).length;
    const key = `${snapshotId}/${parts}`;
    const first = await appendDurably(channels, 'snapshots', [{ key, message }], { clock, signal: pacer.signal });
    if (position === -1) position = first;
  };
  let events: ClusterEvent[] = [];
  let waitingBytes = 0;
  for (const event of snapshotOf(state)) {
    const size = encodeMessage(commitOf(state, 1, [event])).length;
    if (waitingBytes > 0 && waitingBytes + size > PART_BYTES) {
      await append(events);
      events = [];
      waitingBytes = 0;
    }
    events.push(event);
    waitingBytes += size;
    await pacer.did(weightOf(event));
  }
  await append(events);
  return { snapshotId, offset, eventCount, parts, bytes, position };
}

/** Says that the parts are whole; from here on replicas may start from them. */
export async function writeSeal(
  channels: Channels,
  clock: Clock,
  signal: AbortSignal,
  at: number,
  snapshot: VerifiedSnapshot,
): Promise<void> {
  const seal: SnapshotTaken = { type: 'SnapshotTaken', ...snapshot, dropped: [] };
  const message = { type: 'Commit', epoch: 0, seq: snapshot.parts + 1, at, causes: [], events: [seal] } as const;
  await appendDurably(channels, 'snapshots', [{ key: `${snapshot.snapshotId}/${SEAL}`, message }], { clock, signal });
}

/** Every sealed snapshot, the newest first. */
export async function readSeals(channels: Channels, signal: AbortSignal, logger: Logger): Promise<VerifiedSnapshot[]> {
  for (let triesLeft = MAX_SEAL_READS; ; triesLeft--) {
    const { earliest, end } = await channels.offsets('snapshots', 0);
    try {
      return await readSealsBetween(channels, signal, logger, earliest, end);
    } catch (error) {
      // The topic was trimmed meanwhile.
      if (!isOutOfRange(error) || triesLeft === 0) throw error;
    }
  }
}

async function readSealsBetween(
  channels: Channels,
  signal: AbortSignal,
  logger: Logger,
  earliest: number,
  end: number,
): Promise<VerifiedSnapshot[]> {
  const seals = new Map<string, VerifiedSnapshot>();
  await readRange(channels, 'snapshots', {
    from: earliest,
    to: end,
    wants: (key) => key?.endsWith(`/${SEAL}`) === true,
    onDelivery: (delivery) => {
      const [event] = delivery.kind === 'message' ? delivery.message.events : [];
      if (event?.type !== 'SnapshotTaken') {
        logger.warn({ key: delivery.key, offset: delivery.offset }, 'the seal of a snapshot cannot be read');
        return;
      }
      const { type: _, dropped: __, ...snapshot } = event;
      // Its first record may have been trimmed already, with the others to follow.
      if (snapshot.position >= earliest) seals.set(snapshot.snapshotId, snapshot);
    },
    signal,
  });
  return [...seals.values()].sort((a, b) => b.offset - a.offset);
}

/** The state that the snapshot's parts rebuild. Rejects with SnapshotDamaged where they are not whole or not what was written. */
export async function readParts(
  channels: Channels,
  pacer: Pacer,
  { snapshotId, offset, parts, bytes, position }: VerifiedSnapshot,
): Promise<ClusterState> {
  const { end } = await channels.offsets('snapshots', 0);
  const state = emptyState();
  let next = 1;
  let left = bytes;
  const damaged = (what: string) =>
    new SnapshotDamaged(`snapshot ${snapshotId} of offset ${offset} is damaged: ${what}`);
  await readRange(channels, 'snapshots', {
    from: position,
    to: end,
    wants: (key) => key?.startsWith(`${snapshotId}/`) === true && !key.endsWith(`/${SEAL}`),
    onDelivery: async (delivery) => {
      if (delivery.kind !== 'message') throw damaged(`its record at offset ${delivery.offset} cannot be decoded`);
      const { message, size } = delivery;
      // An append whose outcome was unknown may have been made twice.
      if (message.seq < next) return;
      if (message.seq > next) throw damaged(`part ${next} is missing`);
      next++;
      left -= size;
      for (const event of message.events) {
        try {
          evolve(state, event);
        } catch (error) {
          throw damaged(`its part ${message.seq} does not fit the one before: ${messageOf(error)}`);
        }
        await pacer.did(weightOf(event));
      }
    },
    signal: pacer.signal,
  }).catch((error: unknown) => {
    if (isOutOfRange(error)) throw damaged('it was dropped meanwhile');
    throw error;
  });
  if (next <= parts) throw damaged(`part ${next} of ${parts} is missing`);
  if (left !== 0 || state.offset !== offset) throw damaged('it is not what was written');
  return state;
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof JournalError && error.code === 'OFFSET_OUT_OF_RANGE';
}

function commitOf(state: Readonly<ClusterState>, seq: number, events: readonly ClusterEvent[]): Commit {
  return { type: 'Commit', epoch: 0, seq, at: state.at, causes: [], events };
}

/** Some events stand for many subtasks. */
function weightOf(event: ClusterEvent): number {
  switch (event.type) {
    case 'SubtasksRestored':
      return 1 + event.subtasks.length;
    case 'CheckpointStatesRestored':
      return 1 + event.states.length;
    case 'JobRestored':
      return 1 + event.parallelisms.reduce((sum, parallelism) => sum + parallelism, 0);
    default:
      return 1;
  }
}
