// The socket source and sink against real servers: characters cut anywhere, servers that end, break and come back, records that never end, a task that
// takes nothing, and what a sink writes again.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { StreamExecutionEnvironment } from 'sluice';
import { afterEach, describe, expect, it } from 'vitest';
import { SocketSink } from '../../src/runtime/connectors/socketSink.ts';
import { RecordCutter, SocketSource, type SocketSourceSpec } from '../../src/runtime/connectors/socketSource.ts';
import { drain, Emitted, sinkContext } from './probe.ts';
import { TcpServer } from './tcpServer.ts';

const seed = Number(process.env.SEED ?? randomBytes(3).readUIntBE(0, 3));
const TURNS = 5_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(port = 0): Promise<TcpServer> {
  const server = await TcpServer.listen(port);
  cleanups.push(() => server.close());
  return server;
}

/** A reader of the server, and who it is connected as. */
function open(port: number, options: Partial<SocketSourceSpec> = {}) {
  const spec = { hostname: '127.0.0.1', port, delimiter: '\n', maxRetries: 0, maxRecordBytes: 1_000, ...options };
  const reader = new SocketSource(spec).createReader({ taskName: 'socket' });
  cleanups.push(() => reader.close());
  reader.start(null);
  return reader;
}

describe(`cutting records (SEED=${seed})`, () => {
  it('gives the records that were joined, wherever the bytes are cut', () => {
    const delimiters = fc.constantFrom('\n', '\r\n', '||', 'ab', '€');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '|', '\r', 'ä', '€', '😀'), maxLength: 12 });
    fc.assert(
      fc.property(
        delimiters,
        fc.array(text, { maxLength: 12 }),
        fc.infiniteStream(fc.nat(5)),
        (delimiter, parts, cuts) => {
          const bytes = Buffer.from(parts.map((part) => part + delimiter).join(''));
          const cutter = new RecordCutter(delimiter, 1_000);
          const records: string[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = 1 + (cuts.next().value as number);
            cutter.cut(bytes.subarray(at, at + size), records);
            at += size;
          }
          // What split says, since parts may hold the delimiter or its beginning.
          const expected = bytes.toString().split(delimiter);
          const rest = expected.pop()!;
          const stripped = delimiter === '\n' ? expected.map((record) => record.replace(/\r$/, '')) : expected;
          expect(records).toEqual(stripped);
          expect(cutter.rest() ?? '').toBe(delimiter === '\n' ? rest.replace(/\r$/, '') : rest);
        },
      ),
      { seed, numRuns: 500 },
    );
  });
});

describe('the socket source', () => {
  it('gives what the server sends, and the rest without a delimiter when the server ends', async () => {
    const server = await listen();
    const accepted = server.accept();
    const reader = open(server.port);
    const socket = await accepted;
    const bytes = Buffer.from('grüße\r\n\nnoch 😀');
    for (const byte of bytes) socket.write(Buffer.of(byte));
    socket.end();
    expect((await drain(reader, new Emitted<string>())).records).toEqual(['grüße', '', 'noch 😀']);
  });

  it('connects again to a server that comes back, and drops half a record of a connection that broke', async () => {
    const server = await listen();
    let accepted = server.accept();
    const reader = open(server.port, { maxRetries: -1 });
    const emitted = new Emitted<string>();
    let socket = await accepted;
    socket.write('one\nha');
    await drain(reader, emitted, 1);
    // Poll once more, so that the socket is read again.
    reader.pollNext(emitted, 1);
    socket.resetAndDestroy();
    const { port } = server;
    await server.close();
    const again = await listen(port);
    accepted = again.accept();
    socket = await accepted;
    socket.end('two\nlast');
    accepted = again.accept();
    await drain(reader, emitted, 3);
    (await accepted).write('three\n');
    expect((await drain(reader, emitted, 4)).records).toEqual(['one', 'two', 'last', 'three']);
  });

  it('fails for a server that is not there, and says which', async () => {
    const server = await listen();
    const { port } = server;
    await server.close();
    const reader = open(port);
    await expect(drain(reader, new Emitted<string>(), 1)).rejects.toThrow(
      new RegExp(`Source 'socket' reads from 127.0.0.1:${port}: .*ECONNREFUSED`),
    );
  });

  it('counts attempts in a row only', async () => {
    const server = await listen();
    let accepted = server.accept();
    const reader = open(server.port, { maxRetries: 1 });
    const emitted = new Emitted<string>();
    for (let round = 0; round < 3; round++) {
      const socket = await accepted;
      accepted = server.accept();
      socket.end(`${round}\n`);
      await drain(reader, emitted, round + 1);
    }
    // A connection that brings nothing counts: the next would be the second in a row, and the server has ended this one in order.
    (await accepted).end();
    await drain(reader, emitted);
    expect(emitted.records).toEqual(['0', '1', '2']);
  });

  it('refuses a record that does not end, behind those that did', async () => {
    const server = await listen();
    const accepted = server.accept();
    const reader = open(server.port);
    const emitted = new Emitted<string>();
    (await accepted).write(`fine\n${'x'.repeat(1_001)}`);
    await expect(drain(reader, emitted, 2)).rejects.toThrow(/more than 1000 bytes without the delimiter "\\n"/);
    expect(emitted.records).toEqual(['fine']);
  });

  it('pauses the socket while the task takes nothing', async () => {
    const server = await listen();
    const accepted = server.accept();
    const reader = open(server.port);
    const socket = await accepted;
    const sent = 16_000;
    let drained = false;
    const whenDrained = once(socket, 'drain').then(() => {
      drained = true;
    });
    socket.write(`${'x'.repeat(999)}\n`.repeat(sent));
    await reader.isAvailable();
    // Many more turns than sixteen megabytes take where nothing holds them up.
    for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate);
    expect(drained).toBe(false);
    const emitted = new Emitted<string>();
    await drain(reader, emitted, sent);
    expect(emitted.records.every((record) => record.length === 999)).toBe(true);
    await whenDrained;
    expect(emitted.records).toHaveLength(sent);
  });

  it('ends its connection when the task is cancelled, and tries no more', async () => {
    const server = await listen();
    const accepted = server.accept();
    const reader = open(server.port, { maxRetries: -1 });
    const socket = await accepted;
    const waiting = reader.isAvailable();
    socket.resume();
    const ended = once(socket, 'close');
    await reader.close();
    await waiting;
    await ended;
    expect(server.connections).toHaveLength(1);
  });
});

describe('the socket sink', () => {
  function write(port: number, maxRetries = 0) {
    const sink = new SocketSink<string>({
      hostname: '127.0.0.1',
      port,
      serializer: (text) => `${text}\n`,
      maxRetries,
    });
    const writer = sink.createWriter(sinkContext());
    cleanups.push(() => writer.close());
    return writer;
  }

  it('writes in order, holds the task where the server does not read, and ends the connection in order', async () => {
    const server = await listen();
    const accepted = server.accept();
    const writer = write(server.port);
    await writer.open!([]);
    const socket = await accepted;
    socket.pause();
    let written = 0;
    let held: Promise<void> | undefined;
    while (held === undefined)
      held = writer.write(`${written++} ${'ä'.repeat(5_000)}`, { timestamp: null }) ?? undefined;
    socket.resume();
    await held;
    await writer.flush(true);
    const ended = once(socket, 'end');
    await writer.close();
    await ended;
    expect(
      server.received
        .trimEnd()
        .split('\n')
        .map((line) => Number.parseInt(line, 10)),
    ).toEqual(Array.from({ length: written }, (_, index) => index));
  });

  it('goes on with a server that comes back, and fails with one that does not', async () => {
    const server = await listen();
    const { port } = server;
    const writer = write(port, -1);
    const accepted = server.accept();
    await writer.open!([]);
    await writer.write('first', { timestamp: null });
    await writer.flush(false);
    const socket = await accepted;
    await once(socket, 'data');
    socket.resetAndDestroy();
    await server.close();
    const again = await listen(port);
    // TCP tells of a connection that is gone only when one writes to it: from then on nothing is lost.
    const received = (async () => {
      const [data] = await once(await again.accept(), 'data');
      return String(data);
    })();
    for (let n = 0; ; n++) {
      const winner = await Promise.race([received, pause(20, null)]);
      if (winner !== null) {
        expect(winner).toMatch(/^\d+\n/);
        break;
      }
      await writer.write(String(n), { timestamp: null });
    }
    await again.close();
    await expect(write(port).open!([])).rejects.toThrow(new RegExp(`Sink 'probe' cannot write to 127.0.0.1:${port}: `));
  });
});

describe('what the API refuses', () => {
  it('names of hosts, ports and retries that are none, and parallelism', () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    expect(() => env.socketTextStream('', 1)).toThrow(/name of a host/);
    expect(() => env.socketTextStream('a', 70_000)).toThrow(/from 1 to 65535/);
    expect(() => env.socketTextStream('a', 1, { delimiter: '' })).toThrow(/at least one character/);
    expect(() => env.socketTextStream('a', 1, { maxRetries: -2 })).toThrow(/-1 for without end/);
    expect(() => env.socketTextStream('a', 1).setParallelism(2)).toThrow(/not parallel/);
    const stream = env.fromElements('a');
    expect(() => stream.writeToSocket('a', 1, undefined as never)).toThrow(/writeToSocket/);
    stream.writeToSocket('a', 1, String);
  });
});
