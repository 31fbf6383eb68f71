// Disk space that threads count together: never above its quota, whoever asks at the same time, and all of it free again.
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesIn, newSpaceCells, pagesOf, SpaceBook } from '../../../src/runtime/disk/spaceBook.ts';

describe('a space book', () => {
  it('grants what the quota allows, and gives back what was taken', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.integer({ min: -20, max: 20 }))), (steps) => {
        const cells = newSpaceCells(3);
        const books = [0, 1, 2].map((own) => new SpaceBook(cells, own, 40 * 4_096));
        const held = [0, 0, 0];
        for (const [who, pages] of steps) {
          const change = Math.max(pages, -held[who]!);
          const granted = books[who]!.add(change);
          const sum = held.reduce((all, one) => all + one);
          expect(granted).toBe(change <= 0 || sum + change <= 40);
          if (granted) held[who]! += change;
          expect(books[0]!.usedBytes).toBe(held.reduce((all, one) => all + one) * 4_096);
        }
        for (const [who, pages] of held.entries()) books[who]!.add(-pages);
        expect(bytesIn(cells)).toBe(0);
      }),
    );
  });

  it('is never above its quota, whichever threads ask at once', async () => {
    const QUOTA_PAGES = 100;
    const THREADS = 3;
    const cells = newSpaceCells(THREADS);
    const granted = new Int32Array(new SharedArrayBuffer(8));
    const module = new URL('../../../src/runtime/disk/spaceBook.ts', import.meta.url).href;
    // Each takes and gives back; what all hold together is counted apart, from before the grant is asked for until after it was given back.
    const code = `
      const { workerData } = require('node:worker_threads');
      const { tsImport } = require('tsx/esm/api');
      tsImport(${JSON.stringify(module)}, ${JSON.stringify(import.meta.url)}).then(({ SpaceBook }) => {
        const { cells, granted, own } = workerData;
        const book = new SpaceBook(cells, own, ${QUOTA_PAGES} * 4096);
        let held = 0;
        for (let i = 0; i < 100000; i++) {
          const pages = 1 + ((i * 7 + own) % 60);
          if (book.add(pages)) {
            held += pages;
            const all = Atomics.add(granted, 0, pages) + pages;
            if (all > ${QUOTA_PAGES}) Atomics.store(granted, 1, all);
          }
          if (held > 0 && i % 3 !== 0) {
            Atomics.sub(granted, 0, held);
            book.add(-held);
            held = 0;
          }
        }
        Atomics.sub(granted, 0, held);
        book.add(-held);
      });`;
    await Promise.all(
      Array.from(
        { length: THREADS },
        (_, own) =>
          new Promise<void>((resolve, reject) => {
            const worker = new Worker(code, { eval: true, workerData: { cells, granted, own } });
            worker.once('error', reject);
            worker.once('exit', () => resolve());
          }),
      ),
    );
    expect(granted[1], 'pages granted above the quota').toBe(0);
    expect(bytesIn(cells)).toBe(0);
  });

  it('counts whole pages', () => {
    expect([0, 1, 4_096, 4_097].map(pagesOf)).toEqual([0, 1, 1, 2]);
  });
});
