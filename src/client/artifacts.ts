// Job bundles on the `artifacts` topic: cut into parts that fit a record, keyed by the hash of the whole and the part's number, so that
// storing a bundle twice compacts into one.
import { createHash } from 'node:crypto';
import type { Channels } from '../codec/channels.ts';
import { appendDurably, type DurableAppendOptions } from '../codec/durableAppend.ts';
import type { Artifact, ArtifactPart } from '../core/schema.gen.ts';

const MAX_PART_BYTES = 512 * 1024;
const HASH = /^[0-9a-f]{64}$/;

export function isHash(text: string): boolean {
  return HASH.test(text);
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Bundle {
  /** File name for people. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Appends the bundle's parts; resolves when all are durable. Repeats appends until `signal` aborts. */
export async function uploadArtifact(
  channels: Channels,
  { name, bytes }: Bundle,
  options: DurableAppendOptions,
): Promise<Artifact> {
  const sha256 = hashOf(bytes);
  for (const part of artifactParts(name, sha256, bytes)) {
    // One at a time: a part may have a partition of its own, and a large bundle must not fill the journal's queue.
    await appendDurably(channels, 'artifacts', [{ key: `${sha256}/${part.part}`, message: part }], options);
  }
  return { sha256, name };
}

function* artifactParts(name: string, sha256: string, bytes: Uint8Array): Generator<ArtifactPart> {
  const parts = Math.max(1, Math.ceil(bytes.length / MAX_PART_BYTES));
  for (let part = 0; part < parts; part++) {
    const from = part * MAX_PART_BYTES;
    yield { type: 'ArtifactPart', sha256, name, part, parts, bytes: bytes.subarray(from, from + MAX_PART_BYTES) };
  }
}
