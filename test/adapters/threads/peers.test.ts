// Two TaskManagers and what may happen between them.
import net from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrameParser } from '../../../src/adapters/threads/frameParser.ts';
import { ThreadWorkers } from '../../../src/adapters/threads/workers.ts';
import { TestCluster, type TestJob, testJob } from '../../runtime/testCluster.ts';

let cluster: TestCluster;
let counted: TestJob;
let endless: TestJob;
beforeEach(async () => {
  counted = await testJob('wordCount.ts', 2, ['200', 'print']);
  endless = await testJob('misbehave.ts', 2, ['none']);
});
afterEach(() => cluster.close());

/** The reason of the first failure. */
async function failure(): Promise<string> {
  await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
  return cluster.reports.find(({ state }) => state === 'FAILED')!.reason!;
}

describe('a peer', () => {
  it.each([
    { first: 0, second: 1 },
    { first: 1, second: 0 },
  ])('may get its deployment later (TaskManager $first first)', async ({ first, second }) => {
    cluster = await TestCluster.start(2, 1);
    cluster.deploy(counted, { only: [first] });
    await cluster.until('running tasks', () => cluster.reports.filter(({ state }) => state === 'RUNNING').length === 2);
    cluster.deploy(counted, { only: [second] });
    await cluster.all(counted, 'FINISHED');
    expect(cluster.lines()).toHaveLength(2_000);
  });

  it.each([{ vanished: 0 }, { vanished: 1 }])(
    'that vanishes fails the tasks that used it, by name (TaskManager $vanished)',
    async ({ vanished }) => {
      cluster = await TestCluster.start(2, 1);
      cluster.deploy(endless);
      await cluster.until(
        'output of all sinks',
        () => new Set(cluster.results.map(({ subtask }) => subtask)).size === 2,
      );
      await cluster.workers[vanished]![Symbol.asyncDispose]();
      const survivor = cluster.workers[1 - vanished]!;
      await cluster.until('failed tasks', () => survivor.attempts().length === 0);
      const failures = cluster.reports.filter(({ state }) => state === 'FAILED');
      expect(failures.length).toBe(2);
      for (const { reason } of failures)
        expect(reason).toContain(`The connection to TaskManager tm-${vanished + 1} broke`);
    },
  );

  it('that vanishes leaves jobs alone that do not use it', async () => {
    cluster = await TestCluster.start(2, 1);
    const local = await testJob('misbehave.ts', 1, ['none']);
    const jobId = 'b'.repeat(32);
    cluster.deploy(local, { jobId, place: () => ({ taskManager: 0, slot: 0 }) });
    await cluster.all(local, 'RUNNING', { jobId });
    cluster.deploy(endless);
    await cluster.all(endless, 'RUNNING');
    await cluster.workers[1]![Symbol.asyncDispose]();
    await failure();
    const before = cluster.lines(jobId).length;
    await cluster.until('more output', () => cluster.lines(jobId).length > before + 1_000);
    expect(cluster.reports.filter((report) => report.jobId === jobId && report.state === 'FAILED')).toEqual([]);
  });

  it('that never connects is given up', async () => {
    cluster = await TestCluster.start(2, 1, { peerTimeoutMs: 300 });
    // The second waits to be called; the first does not know of the job.
    cluster.deploy(endless, { only: [1] });
    expect(await failure()).toContain('No connection to TaskManager tm-1 within 0.3 s: it did not connect');
  });

  it('that cannot be reached is given up', async () => {
    cluster = await TestCluster.start(2, 1, { peerTimeoutMs: 300 });
    await cluster.workers[1]![Symbol.asyncDispose]();
    cluster.deploy(endless, { only: [0] });
    expect(await failure()).toMatch(/No connection to TaskManager tm-2 within 0\.3 s: 127\.0\.0\.1:\d+ did not answer/);
  });

  it('that is connected but does not run the consumers is given up', { timeout: 20_000 }, async () => {
    cluster = await TestCluster.start(2, 1, { peerTimeoutMs: 300 });
    cluster.deploy(counted, { only: [0] });
    expect(await failure()).toMatch(/Waited 0\.3 s for consumers of '.+': subtask 2\/2 \(attempt 0\) on tm-2/);
  });

  it('whose port another TaskManager has now is not mistaken for it', async () => {
    cluster = await TestCluster.start(3, 1);
    const [first, second, third] = cluster.addresses;
    cluster.addresses.splice(0, 3, first!, { ...second!, dataPort: third!.dataPort }, third!);
    cluster.deploy(endless, { only: [0] });
    expect(await failure()).toContain('TaskManager tm-2 is not at 127.0.0.1:');
  });
});

describe('the data port', () => {
  it('survives whoever sends it something else', async () => {
    cluster = await TestCluster.start(2, 1);
    const { dataPort } = cluster.addresses[0]!;
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x05\x00\x00\x00\x01abcd', '\x03\x00\x00\x00\x03{]']) {
      await new Promise<void>((resolve) => {
        const socket = net.connect({ host: '127.0.0.1', port: dataPort }, () => socket.write(bytes, 'latin1'));
        socket.on('close', () => resolve());
        socket.on('error', () => {});
      });
    }
    cluster.deploy(counted);
    await cluster.all(counted, 'FINISHED');
  });

  it('that is taken is named, with the option to change', async () => {
    cluster = await TestCluster.start(1, 1);
    const { dataPort } = cluster.addresses[0]!;
    const second = new ThreadWorkers({
      taskManagerId: 'tm-x',
      slots: 1,
      dataPort,
      fetchArtifact: async (path) => path,
    });
    await expect(
      second.start({ onReports: () => {}, onCheckpointReports: () => {}, onResults: async () => {} }),
    ).rejects.toThrow(`The data port 127.0.0.1:${dataPort} cannot be opened: `);
  });
});

describe('back-pressure', () => {
  it('bounds what is under way to a sink that takes nothing', async () => {
    cluster = await TestCluster.start(2, 1);
    cluster.takeResults = () => new Promise(() => {});
    cluster.deploy(endless);
    // Counters arrive every quarter of a second: the sources stand still once they have not moved over several of them.
    let emitted = 0;
    let since = performance.now();
    await cluster.until('the sources standing still', () => {
      const attempts = cluster.workers.flatMap((workers) => workers.attempts());
      const now = attempts.filter(({ vertex }) => vertex === 0).reduce((sum, { recordsIn }) => sum + recordsIn, 0);
      if (now !== emitted) {
        emitted = now;
        since = performance.now();
      }
      return emitted > 0 && performance.now() - since > 1_000;
    });
    // Four channels of at most eight batches under way and one waiting, of 1,024 records; two sinks with two batches of 1,000 lines.
    expect(emitted).toBeLessThanOrEqual(4 * (8 + 1) * 1_024 + 2 * 2_000 + 4 * 1_024);
  });
});

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (bodies, cuts) => {
          const frames = bodies.map((body) => {
            const frame = Buffer.alloc(4 + body.length);
            frame.writeUInt32LE(body.length);
            frame.set(body, 4);
            return frame;
          });
          const stream = Buffer.concat(frames);
          const parsed: Buffer[] = [];
          const parser = new FrameParser((frame) => parsed.push(Buffer.from(frame)));
          for (let at = 0; at < stream.length; ) {
            const length = cuts.next().value;
            parser.feed(stream.subarray(at, at + length));
            at += length;
          }
          expect(parsed).toEqual(frames);
        },
      ),
    );
  });
});
