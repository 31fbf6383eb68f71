// Artifacts by name, over real channels on a broker in memory.
import { beforeEach, expect, test } from 'vitest';
import { findArtifact } from '../../src/client/artifactNames.ts';
import { hashOf, uploadArtifact } from '../../src/client/artifacts.ts';
import type { Channels } from '../../src/codec/channels.ts';
import { Stage } from './stage.ts';

const never = new AbortController().signal;
let stage: Stage;
let channels: Channels;

beforeEach(async () => {
  stage = await Stage.open(5);
  channels = stage.channels('test');
});

const push = (name: string, bytes: Uint8Array) =>
  stage.settled(uploadArtifact(channels, { name, bytes }, { clock: stage.clock, signal: never }));
const find = (name: string) => stage.settled(findArtifact(channels, name, never));

test('the newest of a name is found, also where an older one is pushed again', async () => {
  expect(await find('wordcount')).toBeNull();
  const [old, young] = [Buffer.from('old'), Buffer.alloc(1_500_000, 'young')];
  await push('wordcount', old);
  await push('other', Buffer.from('other'));
  expect(await find('wordcount')).toBe(hashOf(old));
  await push('wordcount', young);
  expect(await find('wordcount')).toBe(hashOf(young));
  await push('wordcount', old);
  expect(await find('wordcount')).toBe(hashOf(old));
  expect(await find('word')).toBeNull();
});

test('one whose parts are not all there is none', async () => {
  const whole = Buffer.from('whole');
  await push('wordcount', whole);
  const sha256 = 'b'.repeat(64);
  const part = {
    type: 'ArtifactPart',
    sha256,
    name: 'wordcount',
    part: 0,
    parts: 2,
    bytes: Buffer.from('half'),
  } as const;
  await stage.settled(channels.append('artifacts', [{ key: `${sha256}/0`, message: part }]));
  expect(await find('wordcount')).toBe(hashOf(whole));
});
