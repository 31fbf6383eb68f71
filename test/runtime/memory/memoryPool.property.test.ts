// The books of a pool under random use by several owners: never below nothing, never above the whole, all free in the end, and whoever waits is served in
// the order of asking. A forgotten reservation shows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryPool, type Reservation } from '../../../src/runtime/memory/memoryPool.ts';

const TOTAL = 100;
const OWNERS = ['a', 'b', 'c'];

type Op =
  | { readonly op: 'take' | 'wait'; readonly owner: number; readonly bytes: number }
  | { readonly op: 'release'; readonly which: number }
  | { readonly op: 'end'; readonly owner: number };

const asks = fc.record({
  op: fc.constantFrom('take' as const, 'wait' as const),
  owner: fc.nat(OWNERS.length - 1),
  bytes: fc.integer({ min: 0, max: 150 }),
});
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: asks },
    { weight: 5, arbitrary: fc.record({ op: fc.constant('release' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('end' as const), owner: fc.nat(OWNERS.length - 1) }) },
  ),
  { maxLength: 60 },
);

/** Promises that are settled have told so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a memory pool', () => {
  it('keeps its books under any use', async () => {
    await fc.assert(
      fc.asyncProperty(ops, async (sequence) => {
        const pool = new MemoryPool(TOTAL);
        /** By the model: what is held, and who waits, in order. */
        const held = new Map<Reservation, { readonly owner: string; readonly bytes: number }>();
        const queue: { readonly owner: string; readonly bytes: number; done: boolean; refused: boolean }[] = [];
        const used = () => [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
        const check = (): void => {
          expect(pool.usedBytes).toBe(used());
          expect(pool.usedBytes).toBeGreaterThanOrEqual(0);
          expect(pool.usedBytes).toBeLessThanOrEqual(TOTAL);
          for (const owner of OWNERS) {
            const own = [...held.values()].filter((entry) => entry.owner === owner);
            expect(pool.heldBy(owner)).toBe(own.reduce((sum, { bytes }) => sum + bytes, 0));
          }
          // Nobody is served before one who asked earlier, and nobody waits for what is there.
          const waiting = queue.filter(({ done, refused }) => !done && !refused);
          expect(pool.waiting).toBe(waiting.length);
          const first = waiting[0];
          if (first !== undefined) expect(used() + first.bytes).toBeGreaterThan(TOTAL);
        };
        let served = 0;
        for (const step of sequence) {
          if (step.op === 'take') {
            const owner = OWNERS[step.owner]!;
            const waits = pool.waiting > 0;
            const reservation = pool.take(owner, step.bytes);
            expect(reservation !== null).toBe(!waits && used() + step.bytes <= TOTAL);
            if (reservation !== null) held.set(reservation, { owner, bytes: step.bytes });
          } else if (step.op === 'wait') {
            const entry = {
              owner: OWNERS[step.owner]!,
              bytes: Math.min(step.bytes, TOTAL),
              done: false,
              refused: false,
            };
            const place = queue.push(entry) - 1;
            pool.wait(entry.owner, step.bytes).then(
              (reservation) => {
                expect(queue.slice(served, place).every(({ done, refused }) => done || refused)).toBe(true);
                served = place;
                entry.done = true;
                held.set(reservation, entry);
              },
              () => {
                entry.refused = true;
              },
            );
          } else if (step.op === 'release') {
            const all = [...held.keys()];
            const reservation = all[step.which % Math.max(1, all.length)];
            if (reservation !== undefined) {
              reservation.release();
              // Again, as whoever cleans up twice does.
              reservation.release();
              held.delete(reservation);
            }
          } else {
            const owner = OWNERS[step.owner]!;
            pool.end(owner);
            for (const [reservation, entry] of held) if (entry.owner === owner) held.delete(reservation);
          }
          await settled();
          check();
        }
        for (const reservation of held.keys()) reservation.release();
        for (const owner of OWNERS) pool.end(owner);
        await settled();
        for (const reservation of held.keys()) reservation.release();
        expect(pool.usedBytes).toBe(0);
        expect(pool.waiting).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('shows what an owner forgot, and takes it back', () => {
    const pool = new MemoryPool(TOTAL);
    const work = (forgets: boolean): void => {
      const reservation = pool.take('task', 60)!;
      if (!forgets) reservation.release();
    };
    work(false);
    expect(pool.end('task')).toBe(0);
    work(true);
    expect(pool.take('other', 60)).toBeNull();
    expect(pool.end('task')).toBe(60);
    expect(pool.forgottenBytes).toBe(60);
    expect(pool.take('other', 60)).not.toBeNull();
  });
});
