// Frames that are deflated between TaskManagers come out as they went in, and what is no such frame is refused.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FrameCompressor, unpack } from '../../../src/adapters/threads/frameCompression.ts';
import { FRAME_COMPRESSED, FRAME_DATA } from '../../../src/runtime/exchangeProtocol.ts';
import { TestCluster, testJob } from '../../runtime/testCluster.ts';

function frameOf(body: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt32LE(1 + body.length, 0);
  frame[4] = FRAME_DATA;
  frame.set(body, 5);
  return frame;
}

describe('compressed frames', () => {
  it('hold what went in', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(bodies, (parts) => {
        const frames = [...parts.map(frameOf), frameOf(new Uint8Array(4_000))];
        const packed = new FrameCompressor().pack(Buffer.concat(frames));
        expect(packed[4]).toBe(FRAME_COMPRESSED);
        expect(unpack(packed).map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
          frames.map((frame) => Buffer.from(frame).toString('hex')),
        );
      }),
    );
  });

  it('are not made of what does not get smaller, nor tried for a while after that', () => {
    const compressor = new FrameCompressor();
    const noise = frameOf(randomBytes(4_000));
    expect(compressor.pack(noise)).toBe(noise);
    const zeros = frameOf(new Uint8Array(4_000));
    let untouched = 0;
    while (compressor.pack(zeros) === zeros) untouched++;
    expect(untouched).toBe(32);
  });

  it('that are broken are refused', () => {
    const packed = Buffer.from(new FrameCompressor().pack(frameOf(new Uint8Array(4_000))));
    const longer = Buffer.from(packed);
    longer.writeUInt32LE(5_000, 5);
    const shorter = Buffer.from(packed);
    shorter.writeUInt32LE(100, 5);
    const huge = Buffer.from(packed);
    huge.writeUInt32LE(0xffff_ffff, 5);
    for (const broken of [longer, shorter, huge, packed.subarray(0, 6), packed.subarray(0, packed.length - 9)])
      expect(() => unpack(broken)).toThrow(/cannot be read/);
  });
});

describe('an exchange between TaskManagers', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.close());

  it.each(['both', 'one'])('counts the same where %s of them compress', async (who) => {
    cluster = await TestCluster.start(1, 1, { compression: 'DEFLATE' });
    await cluster.add(1, { compression: who === 'both' ? 'DEFLATE' : 'NONE' });
    const job = await testJob('wordCount.ts', 2, ['2000', 'print']);
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    const counts = new Map<string, number>();
    for (const line of cluster.lines()) {
      const [word, count] = JSON.parse(line.replace(/^\d+> /, '')) as [string, number];
      expect(count).toBe((counts.get(word) ?? 0) + 1);
      counts.set(word, count);
    }
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(20_000);
  });
});
