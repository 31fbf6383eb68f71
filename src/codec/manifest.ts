// A checkpoint's manifest as a file: JSON that people can read, with a version and a checksum over all that it says. docs/checkpoints.md
// describes it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Manifest } from '../core/manifest.ts';
import { CodecError } from './codecError.ts';

const FORMAT = 'sluice-checkpoint';
const VERSION = 1;

const index = z.int().min(0);
const handle = z.string().min(1).max(4_096);

const manifestSchema = z.object({
  jobId: z.string().regex(/^[0-9a-f]{32}$/),
  jobName: z.string(),
  checkpointId: z.int().min(1),
  purpose: z.enum(['PERIODIC', 'SAVEPOINT', 'STOP', 'PAUSE', 'RESCALE']),
  triggeredAt: z.int(),
  vertices: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      parallelism: z.int().min(1),
      maxParallelism: z.int().min(1),
      operators: z.array(z.object({ uid: z.string(), name: z.string(), stateful: z.boolean() })),
    }),
  ),
  states: z.array(z.object({ vertex: index, subtask: index, handle, bytes: z.int().min(0), shared: z.array(handle) })),
}) satisfies z.ZodType<Manifest>;

const envelopeSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  checksum: z.string(),
  manifest: manifestSchema,
});

export function encodeManifest(manifest: Manifest): Uint8Array {
  // Parsed, so that the fields have the order in which they are read.
  const ordered = manifestSchema.parse(manifest);
  const envelope = { format: FORMAT, version: VERSION, checksum: checksumOf(ordered), manifest: ordered };
  return new TextEncoder().encode(`${JSON.stringify(envelope, null, 1)}\n`);
}

/** Throws CodecError UNDECODABLE, saying what is wrong with it. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CodecError('UNDECODABLE', `its manifest is damaged: ${(error as Error).message}`, { cause: error });
  }
  const result = envelopeSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new CodecError(
      'UNDECODABLE',
      `its manifest is not one of version ${VERSION}: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const { checksum, manifest } = result.data;
  if (checksumOf(manifest) !== checksum)
    throw new CodecError(
      'UNDECODABLE',
      'its manifest is damaged: it does not have the checksum that it was written with',
    );
  return manifest;
}

function checksumOf(manifest: Manifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}
