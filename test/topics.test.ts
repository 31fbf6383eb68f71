import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TOPIC_NAMES } from '../src/codec/topicTypes.ts';
import { loadTopicSpecs, TopicSpecError } from '../src/topics.ts';

const DAY_MS = 86_400_000;

describe('the topics of the package', () => {
  const specs = new Map(loadTopicSpecs().map((spec) => [spec.name, spec]));

  test('every topic that has messages is declared', () => {
    for (const name of TOPIC_NAMES) expect(specs.has(name), name).toBe(true);
  });

  test.each(['events', 'snapshots'])('%s is one partition whose records never expire', (name) => {
    const spec = specs.get(name)!;
    expect(spec.partitions).toBe(1);
    expect(spec.config).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' });
  });

  test('the others expire or are compacted as designed', () => {
    const kept = [...specs.values()].map(({ name, config }) => [
      name,
      config['cleanup.policy'] === 'compact' ? 'compact' : Number(config['retention.ms']) / DAY_MS,
    ]);
    expect(Object.fromEntries(kept)).toMatchObject({
      commands: 7,
      replies: 7,
      assignments: 1,
      status: 1,
      signals: 1 / 24,
      jobs: 'compact',
      artifacts: 'compact',
      results: 1,
      'dead-letters': 30,
    });
  });
});

describe('a broken file is named with its field', () => {
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-topics-'));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const topic = (spec: string, name = 'events') =>
    `apiVersion: kafka.strimzi.io/v1\nkind: KafkaTopic\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
  test.each([
    ['no YAML', ': : :\n\t- [', /events\.yaml is not YAML/],
    ['empty', '', /events\.yaml is not a KafkaTopic.*the document/],
    ['no partitions', topic('  replicas: 1\n  config: {}\n'), /events\.yaml .*spec\.partitions/],
    [
      'partitions that are no number',
      topic('  partitions: many\n  replicas: 1\n  config: {}\n'),
      /events\.yaml .*spec\.partitions/,
    ],
    [
      'a misspelt field',
      topic('  partitions: 1\n  replicas: 1\n  config: {}\n  partition: 2\n'),
      /events\.yaml .*spec: .*partition/,
    ],
    [
      'a config value that is a list',
      topic('  partitions: 1\n  replicas: 1\n  config:\n    retention.ms: [1]\n'),
      /events\.yaml .*spec\.config\.retention\.ms/,
    ],
    [
      'a name that is not the file’s',
      topic('  partitions: 1\n  replicas: 1\n  config: {}\n', 'status'),
      /events\.yaml: metadata\.name: is status/,
    ],
  ])('%s', (_, text, message) => {
    fs.writeFileSync(path.join(folder, 'events.yaml'), text);
    expect(() => loadTopicSpecs(folder)).toThrow(TopicSpecError);
    expect(() => loadTopicSpecs(folder)).toThrow(message);
  });

  test('a folder that is not there or holds nothing', () => {
    expect(() => loadTopicSpecs(path.join(folder, 'nowhere'))).toThrow(/nowhere cannot be read/);
    const empty = fs.mkdtempSync(path.join(folder, 'empty-'));
    expect(() => loadTopicSpecs(empty)).toThrow(/holds no \.yaml file/);
  });
});
