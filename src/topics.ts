// The topics of a cluster, read from topics/*.yaml: one Strimzi KafkaTopic a file, so that what the CLI creates on any journal and what an
// operator applies to Kubernetes is the same text. Reading checks every file; an error names the file and the field.
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageRoot } from './packageRoot.ts';
import type { TopicSpec } from './ports/journal.ts';

const MAX_PARTITIONS = 1000;

const KafkaTopic = z.object({
  apiVersion: z.literal('kafka.strimzi.io/v1'),
  kind: z.literal('KafkaTopic'),
  metadata: z.object({ name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens') }),
  spec: z.strictObject({
    partitions: z.int().min(1).max(MAX_PARTITIONS),
    replicas: z.int().min(1),
    config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
});

export class TopicSpecError extends Error {
  override readonly name = 'TopicSpecError';
  readonly code = 'INVALID_TOPIC_FILE';
}

/** All topics, by name in order. Throws TopicSpecError. */
export function loadTopicSpecs(folder: string = path.join(packageRoot, 'topics')): TopicSpec[] {
  let files: string[];
  try {
    files = fs
      .readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort();
  } catch (error) {
    throw new TopicSpecError(
      `${folder} cannot be read (${(error as Error).message}): it holds one file a topic and belongs to the package; install it anew.`,
      { cause: error },
    );
  }
  if (files.length === 0)
    throw new TopicSpecError(
      `${folder} holds no .yaml file: it must hold one a topic and belongs to the package; install it anew.`,
    );
  return files.map((file) => readTopicSpec(path.join(folder, file)));
}

function readTopicSpec(file: string): TopicSpec {
  let document: unknown;
  try {
    document = parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new TopicSpecError(`${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  const result = KafkaTopic.safeParse(document);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
    throw new TopicSpecError(`${file} is not a KafkaTopic as this version reads it: ${issues.join('; ')}`);
  }
  const { metadata, spec } = result.data;
  if (`${metadata.name}.yaml` !== path.basename(file))
    throw new TopicSpecError(`${file}: metadata.name: is ${metadata.name} and must be the file's name without .yaml.`);
  const config = Object.fromEntries(Object.entries(spec.config).map(([key, value]) => [key, String(value)]));
  return { name: metadata.name, partitions: spec.partitions, replicas: spec.replicas, config };
}
