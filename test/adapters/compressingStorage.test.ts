// State comes back as it was written, with the option and without, whichever of them wrote it.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompressingStorage } from '../../src/adapters/compressingStorage.ts';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { MergingStorage } from '../../src/adapters/mergingStorage.ts';

/** How deflated bytes begin: part of the format. */
const MARK = Buffer.from('c2f0a97be4d3415c8e6f1d20b75a93ec', 'hex');

const content = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.nat(5_000).map((length) => new Uint8Array(length).fill(7)),
  // What looks like deflated bytes, and is the state itself.
  fc.uint8Array({ maxLength: 600 }).map((rest) => new Uint8Array(Buffer.concat([MARK, rest]))),
);

describe('compressing storage', () => {
  it('gives back what was written, whatever it is and whoever reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 5 }), fc.boolean(), async (states, compresses) => {
        const files = new MemoryStorage();
        const writer = new CompressingStorage(new MergingStorage(files), compresses);
        const handles = await Promise.all(
          states.map((bytes, index) => writer.write('job/chk-1', `state-${index}`, bytes.slice())),
        );
        for (const [index, handle] of handles.entries()) {
          const read = await new CompressingStorage(files, !compresses).read(handle);
          expect(Buffer.compare(read, states[index]!)).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads state of before, and leaves as it is what would not get smaller', async () => {
    const files = new MemoryStorage();
    const storage = new CompressingStorage(files, true);
    const old = new Uint8Array(5_000).fill(1);
    expect(await storage.read(await files.write('job/chk-1', 'old', old.slice()))).toEqual(old);
    const noise = new Uint8Array(randomBytes(4_000));
    const handle = await storage.write('job/chk-2', 'noise', noise.slice());
    expect((await files.read(handle)).length).toBe(noise.length);
    const packed = await storage.write('job/chk-2', 'zeros', new Uint8Array(100_000));
    expect((await files.read(packed)).length).toBeLessThan(1_000);
  });

  it('says that state is damaged which cannot be inflated', async () => {
    const files = new MemoryStorage();
    const storage = new CompressingStorage(files, true);
    const packed = await files.read(await storage.write('job/chk-1', 'zeros', new Uint8Array(100_000)));
    const cut = await files.write('job/chk-1', 'cut', packed.slice(0, packed.length - 20));
    await expect(storage.read(cut)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
    const lying = packed.slice();
    new DataView(lying.buffer).setFloat64(MARK.length, 99_999, true);
    const handle = await files.write('job/chk-1', 'lying', lying);
    await expect(storage.read(handle)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
  });
});
