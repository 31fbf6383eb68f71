// Handles are knowledge on the side: whatever they say must be what the records say, however dictionaries fill up, are cleared and are given up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/runtime/byteWriter.ts';
import { keyIdentity } from '../../src/runtime/keyGroups.ts';
import { isKeyAt, KeyHandles, NOWHERE } from '../../src/runtime/keyHandles.ts';
import { createDecoder, createEncoder } from '../../src/runtime/serializer.ts';
import { ValueStateDescriptor } from '../../src/runtime/state/descriptors.ts';
import { HeapBackend } from '../../src/runtime/state/heapBackend.ts';
import { movingHashmap } from './state/backends.ts';

describe('keys that are known', () => {
  const key = fc.oneof(
    fc.constantFrom('a', 'b', 'c', '', 'é'),
    fc.string({ maxLength: 3 }),
    fc.string({ minLength: 60, maxLength: 70 }),
  );
  const batch = fc.record({
    keys: fc.array(key, { minLength: 1, maxLength: 20 }),
    form: fc.constantFrom('itself', 'tuple', 'late', 'object', 'mixed'),
    known: fc.boolean(),
  });

  it('travel with the records that have them, and arrive as what the records say', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (batches, dictionarySize) => {
        const encoder = createEncoder(dictionarySize);
        const decoder = createDecoder();
        const handles = new KeyHandles(() => 0);
        for (const { keys, form, known } of batches) {
          const records = keys.map((own, at) => recordOf(form, own, at));
          const found = keys.map((own) => handles.of(own));
          const keyAt = { itself: -1, tuple: 0, late: 2, object: NOWHERE, mixed: NOWHERE }[form]!;
          const all = found.every((handle) => handle !== null) ? found : null;
          const out = new ByteWriter();
          encoder.encode(records, out, known ? { keys: all as never, keyAt } : undefined);
          const decoded = decoder.decode(out.take(), 0);
          expect(decoded.records).toEqual(records);
          decoded.keys?.forEach((handle, at) => {
            if (handle !== null) expect(handle.key).toBe(keys[at]);
          });
        }
      }),
    );
  });

  it('arrive as the same handle again, so that it may be remembered', () => {
    const encoder = createEncoder(16);
    const decoder = createDecoder();
    const handles = new KeyHandles(() => 0);
    const arrived = [1, 2].map((round) => {
      const keys = ['a', 'b', 'a', 'b'].map((key) => handles.of(key)!);
      const out = new ByteWriter();
      encoder.encode(
        keys.map(({ key }) => [round, key]),
        out,
        { keys, keyAt: 1 },
      );
      return decoder.decode(out.take(), 0).keys!;
    });
    expect(arrived[0]).toEqual([...arrived[0]!.slice(0, 2), ...arrived[0]!.slice(0, 2)]);
    for (const at of [0, 1, 2, 3]) expect(arrived[1]![at]).toBe(arrived[0]![at % 2]);
    expect(arrived[0]![0]!.key).toBe('a');
  });

  it('are told anew once the dictionary was cleared', () => {
    const encoder = createEncoder(2);
    const decoder = createDecoder();
    const handles = new KeyHandles(() => 0);
    const send = (...texts: string[]): void => {
      const keys = texts.map((text) => handles.of(text)!);
      const out = new ByteWriter();
      encoder.encode(texts, out, { keys, keyAt: -1 });
      expect(decoder.decode(out.take(), 0).records).toEqual(texts);
    };
    send('a', 'b', 'a', 'b');
    // Neither is in the dictionary, which is full: it is given up, and 64 batches later begun anew.
    for (let batch = 0; batch < 66; batch++) send('c', 'd', 'c', 'd');
    send('b', 'a', 'c', 'd');
  });

  it('are found in the record, or nowhere', () => {
    expect(isKeyAt(0, ['a', 1], 'a')).toBe(true);
    expect(isKeyAt(0, ['b', 1], 'a')).toBe(false);
    for (const other of [null, undefined, 3, 'b']) expect(isKeyAt(0, other, 'a')).toBe(false);
    expect(isKeyAt(-1, 'a', 'a')).toBe(true);
    expect(isKeyAt(NOWHERE, 'a', 'a')).toBe(false);
  });

  it('are not looked up where they hardly repeat, and again later', () => {
    const handles = new KeyHandles(() => 0);
    let known = 0;
    for (let i = 0; i < 8_192; i++) if (handles.of(`once ${i}`) !== null) known++;
    expect(known).toBeLessThanOrEqual(4_096);
    let refused = 0;
    while (handles.of('often') === null) refused++;
    expect(refused).toBeGreaterThan(100_000);
    expect(handles.of('often')).toBe(handles.of('often'));
  });

  it('are their own identity', () => {
    const handles = new KeyHandles(() => 0);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const handle = handles.of(text);
        if (handle !== null) expect(keyIdentity(text)).toBe(handle.key);
      }),
    );
    expect(handles.of('\0x')).toBeNull();
  });

  it('give the state of the key that they stand for, whatever became of it meanwhile', () => {
    const step = (held: number[] | undefined, add: number): number[] => {
      if (held === undefined) return [add];
      held.push(add);
      return held;
    };
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('a', 'b', 'c'),
            fc.constantFrom('by handle', 'by key', 'clear', 'snapshot', 'other backend'),
          ),
          { maxLength: 60, size: 'max' },
        ),
        (steps) => {
          const handles = new KeyHandles(() => 0);
          const descriptor = new ValueStateDescriptor<number[]>('held');
          const [one, other] = [new HeapBackend(128, Date.now), new HeapBackend(128, Date.now)];
          const folds = [one, other].map((backend) => backend.folding(descriptor));
          const expected = [new Map<string, number[]>(), new Map<string, number[]>()];
          // Checked values are stored first, and take another way.
          for (let i = 0; i < 20; i++) for (const fold of folds) fold(`warm ${i}`, 0, step, null);
          steps.forEach(([key, what], at) => {
            const which = what === 'other backend' ? 1 : 0;
            const held = expected[which]!;
            if (what === 'clear') {
              one.setCurrentKey(key);
              one.getState(descriptor).clear();
              held.delete(key);
            } else if (what === 'snapshot') one.snapshot().discard();
            else {
              const list = [...(held.get(key) ?? []), at];
              held.set(key, list);
              const handle = what === 'by key' ? null : handles.of(key);
              expect(folds[which]!(key, at, step, handle)).toEqual(list);
            }
          });
        },
      ),
    );
  });

  it('let go of state that has moved out of the heap', () => {
    // Each moves a little later than the one before.
    for (let round = 0; round < 8; round++) {
      const handles = new KeyHandles(() => 0);
      const backend = movingHashmap.open(128, Date.now);
      const fold = backend.folding(new ValueStateDescriptor<number>('sum'));
      const add = (held: number | undefined, summand: number): number => (held ?? 0) + summand;
      for (let i = 0; i < 20; i++) fold(`warm ${i}`, 0, add, null);
      for (let i = 1; i <= 60; i++) {
        for (const key of ['a', 'b']) expect(fold(key, 1, add, i % 3 === 0 ? null : handles.of(key))).toBe(i);
      }
      backend.close();
    }
  });
});

function recordOf(form: string, key: string, at: number): unknown {
  switch (form) {
    case 'itself':
      return key;
    case 'tuple':
      return [key, at];
    case 'late':
      return [at, 'x', key];
    case 'object':
      return { key };
    default:
      return at % 2 === 0 ? [key, at] : { key };
  }
}
