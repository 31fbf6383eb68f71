// Strangers at the doors that are no topics: the data port of a TaskManager, REST, and the configuration file. Garbage ends with a refusal
// that says why, nothing grows by it, and whoever comes next is served.
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Peers } from '../../src/adapters/threads/peers.ts';
import { runProgram } from '../../src/cli/program.ts';
import { ConfigError, parseConfig } from '../../src/config.ts';
import { inputProblem } from '../../src/core/inputLimits.ts';
import { buildApp } from '../../src/http/app.ts';
import { openRest } from '../../src/http/server.ts';
import { FRAME_CONTROL, FRAME_DATA, FRAME_HELLO, jsonFrame } from '../../src/runtime/exchangeProtocol.ts';
import { Cluster, command } from '../http/servedCluster.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { hostileText } from './hostile.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const CONNECTIONS = 60;
/** Far below what one announced frame would take. */
const MAX_GROWTH_BYTES = 32 * 1024 * 1024;

function peers(received: unknown[]): Peers {
  return new Peers({
    ...{ taskManagerId: 'tm-9', host: '127.0.0.1', port: 0, compression: 'NONE', timeoutMs: 5_000, logger: undefined },
    onReceived: (from, frames, controls) => void received.push({ from, frames: frames.length, controls }),
    onLost: () => {},
  });
}

/** Resolves when the other end has closed. */
function throwAt(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume();
  });
}

function announcing(length: number): Buffer {
  const bytes = Buffer.alloc(5, FRAME_DATA);
  bytes.writeUInt32LE(length);
  return bytes;
}

describe(`the data port among strangers, seed ${SEED}`, () => {
  it('closes on whatever is no hello, keeps nothing for it, and takes the next peer', async () => {
    const received: unknown[] = [];
    const own = peers(received);
    const port = await own.listen();
    const hello = { version: Number.NaN, from: 'x', to: 'tm-9' };
    const garbage = fc.sample(fc.uint8Array({ minLength: 40, maxLength: 400 }), { seed: SEED, numRuns: CONNECTIONS });
    // Bytes whose first four announce a frame that a hello may have would be waited for.
    for (const bytes of garbage) bytes[3] = 0x7f;
    const before = process.memoryUsage().arrayBuffers;
    await Promise.all([
      ...garbage.map((bytes) => throwAt(port, bytes)),
      ...Array.from({ length: CONNECTIONS }, () => throwAt(port, announcing(200 * 1024 * 1024))),
      ...[null, 7, [], {}, { from: 'x' }, hello, { ...hello, from: '' }].map((value) =>
        throwAt(port, jsonFrame(FRAME_HELLO, value)),
      ),
      throwAt(port, jsonFrame(FRAME_CONTROL, [])),
    ]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(received).toEqual([]);

    // One that says who it is, and then nothing that can be understood.
    const sound = jsonFrame(FRAME_HELLO, { version: 2, from: 'tm-1', to: 'tm-9' });
    const control = { type: 'whoIsReady', jobId: command.jobId, vertex: 0 };
    for (const value of [null, {}, [null], [{ ...control, vertex: -1 }], [{ ...control, type: 'x' }]])
      await throwAt(port, Buffer.concat([sound, jsonFrame(FRAME_CONTROL, value)]));
    expect(received).toEqual([]);
    const other = net.connect({ host: '127.0.0.1', port });
    other.write(Buffer.concat([sound, jsonFrame(FRAME_CONTROL, [control])]));
    await expect.poll(() => received).toEqual([{ from: 'tm-1', frames: 0, controls: [control] }]);
    other.destroy();
    await own.close();
  });
});

describe(`the liveness port among strangers, seed ${SEED}`, () => {
  it('holds a connection for an id of a sound length, refuses the rest, and lets go of all', async () => {
    const linked: string[] = [];
    const unlinked: string[] = [];
    const server = await openRest({
      ...{ host: '127.0.0.1', port: 0, view: new Cluster(), logger: silentLogger },
      liveness: { onLinked: (id) => linked.push(id), onUnlinked: (id) => unlinked.push(id) },
      onFailure: (error) => {
        throw error;
      },
    });
    const port = Number(new URL(server.address).port);
    const upgrade = (target: string, after: string) =>
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: sluice-liveness\r\n\r\n${after}`;
    const strange = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc
        .tuple(
          fc.oneof(
            hostileText.map((text) => encodeURIComponent(text.slice(0, 3_000).replace(/[\ud800-\udfff]/g, ''))),
            fc.constantFrom('%', '%ff', 'a/b', ''),
          ),
          hostileText,
        )
        .map(([id, after]) => new TextEncoder().encode(upgrade(`/liveness/${id}`, after))),
    );
    const before = process.memoryUsage().arrayBuffers;
    const closing = fc.sample(strange, { seed: SEED, numRuns: CONNECTIONS }).map(
      (bytes) =>
        new Promise<void>((resolve) => {
          const socket = net.connect({ host: '127.0.0.1', port }, () => socket.end(bytes));
          socket.on('error', () => {}).on('close', () => resolve());
          socket.resume();
        }),
    );
    await Promise.all(closing);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_GROWTH_BYTES);
    for (const id of linked) expect(id.length).toBeLessThanOrEqual(256);
    for (const id of unlinked) expect(linked).toContain(id);
    const own = net.connect({ host: '127.0.0.1', port });
    own.on('error', () => {}).resume();
    own.write(upgrade('/liveness/tm-1', ''));
    await expect.poll(() => linked).toContain('tm-1');
    own.destroy();
    await expect.poll(() => unlinked).toContain('tm-1');
    await server.close();
  });
});

describe(`the command line of a stranger, seed ${SEED}`, () => {
  it('is refused in a line or two, with 1 or 2', async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-arguments-'));
    const said: string[] = [];
    // What a terminal would show.
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    const error = vi.spyOn(console, 'error').mockImplementation((text) => void said.push(String(text)));
    const verb = fc.constantFrom(
      ...[['cancel'], ['savepoint'], ['stop'], ['pause'], ['resume'], ['rescale'], ['why'], ['state'], ['list']],
      ...[['log'], ['log', 'verify'], ['run'], ['taskmanager', 'scale'], ['jobmanager', 'status'], ['nothing'], []],
    );
    const argument = fc.oneof(
      hostileText.filter((text) => !text.includes('\0')),
      fc.constantFrom('--at', '--from', '-p', '--json=x', '--', '-D', '1e9', '-1', 'f'.repeat(32)),
    );
    try {
      await fc.assert(
        fc.asyncProperty(verb, fc.array(argument, { maxLength: 3 }), async (words, rest) => {
          said.length = 0;
          const code = await runProgram([...words, '--dir', path.join(folder, 'none'), ...rest], '0');
          expect([code, said.length > 0]).toEqual([code === 2 ? 2 : 1, true]);
          expect(said.join('')).not.toMatch(/^\s+at /m);
        }),
        { seed: SEED, numRuns: 120 },
      );
    } finally {
      write.mockRestore();
      error.mockRestore();
      await fs.rm(folder, { recursive: true, force: true });
    }
  });
});

describe(`REST among strangers, seed ${SEED}`, () => {
  it('answers everything with JSON and a reason, and hands on no command that is none', async () => {
    const cluster = new Cluster();
    const app = buildApp(cluster, silentLogger);
    const part = fc.oneof(
      fc.constantFrom(
        'jobs',
        'v1',
        command.jobId,
        'savepoints',
        'stop',
        'rescaling',
        'checkpoints',
        'taskmanagers',
        'vertices',
        'config',
        'assets',
        'index.html',
        '..',
      ),
      hostileText.map((text) => encodeURIComponent(text.slice(0, 300).replace(/[\ud800-\udfff]/g, ''))),
      fc.constantFrom('%', '%00', '%2e%2e%2f', '{}'),
    );
    const body = fc.oneof(
      hostileText.map((text) => text.slice(0, 2 ** 17)),
      fc.json(),
      fc.constantFrom('['.repeat(60_000), '{"a":'.repeat(10_000), 'x'.repeat(2 ** 17)),
      fc
        .dictionary(
          fc.constantFrom('target-directory', 'targetDirectory', 'triggerId', 'cancel-job', 'more'),
          fc.jsonValue(),
        )
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PATCH', 'PUT', 'DELETE'),
        fc.array(part, { maxLength: 5 }),
        fc.constantFrom('', '?parallelism=1e9', '?parallelism=NaN', '?parallelism=0', '?mode=x', '?a&a&a'),
        fc.option(body),
        async (method, parts, query, payload) => {
          const response = await app.inject({
            method: method as 'GET',
            url: `/${parts.join('/')}${query}`,
            ...(payload !== null && { payload, headers: { 'content-type': 'application/json' } }),
          });
          expect(response.statusCode).toBeLessThan(500);
          if (response.statusCode >= 400) {
            const { errors = [], message } = response.json() as { errors?: string[]; message?: string };
            expect((errors[0] ?? message)?.length).toBeGreaterThan(5);
          }
          for (const sent of cluster.sent) expect(inputProblem(sent)).toBeNull();
        },
      ),
      { seed: SEED, numRuns: 400 },
    );
    expect((await app.inject('/overview')).statusCode).toBe(200);
    await app.close();
  });
});

describe(`a configuration file by a stranger, seed ${SEED}`, () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(8).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}`;
  it.each([
    ['aliases that multiply', bomb, /aliases and nested lists are not taken/],
    [
      'an alias',
      'rest.port: &p 1\ntaskmanager.data.port: *p',
      /sluice.yaml:2: "taskmanager.data.port" must be a plain value/,
    ],
    ['brackets without end', `rest.port: ${'['.repeat(100_000)}`, /this is not YAML/],
    ['a key of 200 kB', `? ${'k'.repeat(200_000)}\n: 1`, /the key "k{100}…" is not known/],
    ['a value of 200 kB', `rest.port: ${'1'.repeat(200_000)}`, /^.{1,300}$/],
    ['a file of 2 MB', `# ${'x'.repeat(2 ** 21)}`, /250000 are possible/],
    [
      '10⁴ unknown keys',
      Array.from({ length: 10_000 }, (_, n) => `heartbeat.k${n}: 1`).join('\n'),
      /and 9980 more problems/,
    ],
    ['a key twice', 'rest.port: 1\nrest.port: 2', /sluice.yaml:2: /],
  ])('with %s is refused', (_, text, reason) => {
    expect(() => parseConfig(text, 'sluice.yaml')).toThrow(reason);
    expect(() => parseConfig(text, 'sluice.yaml')).toThrow(ConfigError);
  });

  it('is taken or refused, whatever it holds', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .dictionary(fc.constantFrom('rest.port', 'heartbeat', 'heartbeat.interval', '<<', '__proto__'), fc.jsonValue())
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(parseConfig(given, 'x')['rest.port']).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
