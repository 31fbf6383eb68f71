// Artifacts by name: the newest one of a name is the one whose last part was appended last, of those that are whole. Found by reading the
// topic, since names are asked for seldom and whoever asks must see what was pushed the moment before.
import type { Channels } from '../codec/channels.ts';
import { unlessAborted } from '../codec/durableAppend.ts';
import { readRange } from '../codec/readRange.ts';
import type { ArtifactPart } from '../core/schema.gen.ts';

interface Candidate {
  readonly parts: number;
  readonly seen: Set<number>;
  timestamp: number;
  offset: number;
}

/** sha256 of the newest artifact called `name`, of those on the topic by now; null where there is none. Rejects as the journal does. */
export async function findArtifact(channels: Channels, name: string, signal: AbortSignal): Promise<string | null> {
  const candidates = new Map<string, Candidate>();
  for (let partition = 0; partition < channels.partitionsOf('artifacts'); partition++) {
    const { earliest, end } = await unlessAborted(signal, channels.offsets('artifacts', partition));
    await readRange(channels, 'artifacts', {
      partition,
      from: earliest,
      to: end,
      onDelivery(delivery) {
        if (delivery.kind === 'message' && delivery.message.name === name)
          take(candidates, delivery.message, delivery.timestamp, delivery.offset);
      },
      signal,
    });
  }
  const whole = [...candidates].filter(([, { parts, seen }]) => seen.size === parts);
  const [newest] = whole.sort(([, a], [, b]) => b.timestamp - a.timestamp || b.offset - a.offset);
  return newest?.[0] ?? null;
}

function take(
  candidates: Map<string, Candidate>,
  { sha256, part, parts }: ArtifactPart,
  timestamp: number,
  offset: number,
): void {
  const known = candidates.get(sha256);
  const candidate = known?.parts === parts ? known : { parts, seen: new Set<number>(), timestamp, offset };
  candidate.seen.add(part);
  candidate.timestamp = timestamp;
  candidate.offset = offset;
  candidates.set(sha256, candidate);
}
