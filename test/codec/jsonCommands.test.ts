import { describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage, MAX_COMMAND_BYTES } from '../../src/codec/codec.ts';
import { CodecError } from '../../src/codec/codecError.ts';
import { jobIdOf } from '../../src/codec/jsonCommands.ts';
import type { SubmitJob } from '../../src/core/schema.gen.ts';
import { OPTIONS } from '../core/cluster.ts';

const submit = {
  type: 'SubmitJob',
  commandId: 'c-1',
  jobId: '0123456789abcdef0123456789abcdef',
  name: 'wordcount',
  artifact: { sha256: 'ab'.repeat(32), name: 'wordcount.mjs' },
  args: ['--fast'],
  parallelism: 2,
  graph: {
    vertices: [
      {
        id: 'cd'.repeat(16),
        name: 'source → map',
        parallelism: 2,
        maxParallelism: 128,
        slotSharingGroup: 'default',
        operators: [{ uid: 'source', name: 'source' }],
        inputs: [{ source: 0, strategy: 'HASH' }],
        coLocationGroup: null,
      },
    ],
    hash: 'ef'.repeat(32),
  },
  options: OPTIONS,
} as const satisfies SubmitJob;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const reason = (value: Uint8Array, headers?: Record<string, string>) => {
  try {
    return `decoded: ${JSON.stringify(decodeMessage('commands', value, headers))}`;
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return (error as CodecError).message;
  }
};

describe('commands as JSON', () => {
  test('mean what the same commands mean in Avro', () => {
    expect(decodeMessage('commands', json(submit))).toStrictEqual(submit);
    expect(decodeMessage('commands', json(submit))).toStrictEqual(decodeMessage('commands', encodeMessage(submit)));
    const cancel = { type: 'CancelJob', commandId: 'c-2', jobId: submit.jobId } as const;
    expect(decodeMessage('commands', json(cancel))).toStrictEqual(cancel);
  });

  test('leave out what follows from the rest', () => {
    const brief = { type: 'SubmitJob', commandId: 'c-1', artifact: 'wordcount', args: ['--fast'] };
    const whole = {
      type: 'SubmitJob',
      commandId: 'c-1',
      jobId: jobIdOf('c-1'),
      name: 'wordcount',
      artifact: { sha256: '', name: 'wordcount' },
      args: ['--fast'],
      parallelism: 1,
      graph: null,
      options: OPTIONS,
    };
    expect(decodeMessage('commands', json(brief))).toStrictEqual(whole);
    // The same command is the same job, and another one another.
    // Documented, so that other services can compute it.
    expect(jobIdOf('c-1')).toBe('77ce13328bd9e1575fbe0d5482b1d7eb');
    expect(jobIdOf('c-2')).not.toBe(jobIdOf('c-1'));
    const options = { checkpointing: { intervalMs: 200 } };
    expect(decodeMessage('commands', json({ ...brief, options }))).toMatchObject({
      options: { checkpointing: { intervalMs: 200, minPauseMs: null, retained: null } },
    });
    const sha256 = '0a'.repeat(32);
    expect(decodeMessage('commands', json({ ...brief, artifact: sha256 }))).toMatchObject({
      artifact: { sha256, name: sha256 },
    });
    const { args: _, ...bare } = brief;
    const jobId = 'f'.repeat(32);
    const said = { ...bare, jobId, name: 'n', parallelism: 4, options: { priority: 7 } };
    expect(decodeMessage('commands', json(said))).toStrictEqual({
      ...whole,
      ...said,
      artifact: whole.artifact,
      args: [],
      options: { ...OPTIONS, priority: 7 },
    });
    expect(reason(json({ type: 'SubmitJob', artifact: 'wordcount' }))).toMatch(/SubmitJob\.commandId: /);
    expect(reason(json({ ...brief, artifact: 7 }))).toMatch(/SubmitJob\.artifact: /);
    expect(reason(json({ ...brief, args: 'x' }))).toMatch(/SubmitJob\.args: /);
  });

  test.each([
    { type: 'PauseJob' },
    { type: 'ResumeJob' },
    { type: 'TriggerSavepoint' },
    { type: 'StopWithSavepoint', targetPath: '/savepoints' },
    { type: 'RescaleJob', parallelism: 3 },
  ])('exist for $type', (fields) => {
    const command = { ...fields, commandId: 'c-3', jobId: submit.jobId };
    expect(decodeMessage('commands', json(command))).toMatchObject(command);
  });

  test('are told by their content type too', () => {
    const value = Buffer.from(`\n  ${JSON.stringify(submit)}`);
    expect(decodeMessage('commands', value, { 'content-type': 'application/json; charset=utf-8' })).toStrictEqual(
      submit,
    );
    expect(reason(value)).toMatch(/C3 01/);
  });

  test.each([
    ['no JSON', Buffer.from('{ oops'), /it is not JSON/],
    ['another type', json({ type: 'Claim' }), /"type" must be one of SubmitJob, CancelJob, PauseJob/],
    ['no type', json({}), /"type" must be one of/],
    ['a missing field', json({ type: 'CancelJob', commandId: 'c' }), /CancelJob\.jobId: /],
    ['an unknown field', json({ type: 'CancelJob', commandId: 'c', jobId: 'j', force: true }), /force/],
    [
      'a wrong value deep inside',
      json({ ...submit, graph: { ...submit.graph, vertices: [{ ...submit.graph.vertices[0], parallelism: 1.5 }] } }),
      /SubmitJob\.graph\.vertices\.0\.parallelism: /,
    ],
    [
      'an unknown symbol',
      json({
        ...submit,
        graph: {
          hash: '',
          vertices: [{ ...submit.graph.vertices[0], inputs: [{ source: 0, strategy: 'TELEPATHY' }] }],
        },
      }),
      /strategy: .*FORWARD/,
    ],
    ['what is deep', Buffer.from(`{"type":${'['.repeat(1e6)}${']'.repeat(1e6)}}`), /more than 16 deep/],
    ['what holds much', Buffer.from(`{"type":"CancelJob","x":[${'1,'.repeat(1e6)}1]}`), /more than 250000 values/],
    [
      'what is wrong in many places, by the first of them',
      json({ ...submit, args: Array.from({ length: 1_000 }, () => 1) }),
      /SubmitJob\.args\.9: [^;]*; and 990 more/,
    ],
    [
      'a field with a name of 1 MB, cut',
      json({ type: 'CancelJob', commandId: 'c', jobId: 'j', ['f'.repeat(2 ** 20)]: 1 }),
      /^.{1,1000}$/,
    ],
    ['nesting that goes on and on', Buffer.from('{"type":'.repeat(200_000)), /it is not JSON/],
  ])('%s is refused by name', (_, value, message) => expect(reason(value)).toMatch(message));

  test('are bounded, and belong to commands alone', () => {
    expect(reason(Buffer.alloc(MAX_COMMAND_BYTES + 1, '{'))).toMatch(/a command may have/);
    expect(reason(Buffer.alloc(MAX_COMMAND_BYTES + 1, 0xc3))).toMatch(/a command may have/);
    expect(() =>
      decodeMessage('status', json({ type: 'CancelJob', commandId: 'c', jobId: 'j' }), {
        'content-type': 'application/json',
      }),
    ).toThrow(/C3 01/);
  });
});
