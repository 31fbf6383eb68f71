// Frames wait in memory as far as that reaches and on disk beyond it, come back as they were, and leave nothing behind.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskManager } from '../../src/runtime/disk/diskManager.ts';
import { newSpaceCells } from '../../src/runtime/disk/spaceBook.ts';
import { NETWORK_SPILLED, newMemoryCell } from '../../src/runtime/memory/memoryCell.ts';
import { MemoryManager } from '../../src/runtime/memory/memoryManager.ts';
import { ReceivedFrames, type WaitingFrame } from '../../src/runtime/receivedFrames.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-frames-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const OWNER = { jobId: '0'.repeat(32), vertex: 1, subtask: 0, attempt: 0, slot: 0 };

function stage(networkBytes: number, slotQuotaBytes: number | null = null) {
  const cell = newMemoryCell();
  const slots = newSpaceCells(1);
  const memory = new MemoryManager({ networkBytes, snapshotBytes: 0 }, cell);
  const folders = [path.join(root, 'own')];
  const disk = new DiskManager({ folders, slotQuotaBytes, jobQuotaBytes: null }, { slots, thread: 0 });
  return { memory, disk, cell, slots, frames: new ReceivedFrames(memory, disk, OWNER) };
}

describe('received frames', () => {
  it('come back as they were, whichever of them were on disk, and leave nothing behind', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ size: fc.integer({ min: 1, max: 5_000 }), random: fc.boolean() }),
        fc.constant('take' as const),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.nat(255), (sequence, seed) => {
        const { memory, cell, slots, frames } = stage(10_000);
        const waiting: { readonly frame: WaitingFrame; readonly bytes: Uint8Array }[] = [];
        const takeFirst = (): void => {
          const first = waiting.shift();
          if (first !== undefined) expect(Buffer.compare(first.frame.take(), first.bytes)).toBe(0);
        };
        for (const step of sequence) {
          if (step === 'take') takeFirst();
          else {
            const bytes = new Uint8Array(step.size).map((_, at) => (step.random ? (at * at * 31 + seed) % 251 : seed));
            waiting.push({ frame: frames.hold(bytes), bytes });
          }
          expect(memory.network.usedBytes).toBeLessThanOrEqual(10_000);
        }
        while (waiting.length > 0) takeFirst();
        // Before the end of the task: whatever is left here now has leaked.
        expect(memory.network.usedBytes).toBe(0);
        expect(cell[NETWORK_SPILLED]).toBe(0);
        expect(slots[0]).toBe(0);
        frames.close();
        expect(memory.network.forgottenBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('spill what does not fit, deflated, to a file without a name', () => {
    const { cell, slots, frames, memory } = stage(10_000);
    const held = Array.from({ length: 20 }, (_, index) => frames.hold(new Uint8Array(4_000).fill(index)));
    expect(memory.network.usedBytes).toBe(8_000);
    expect(cell[NETWORK_SPILLED]).toBeGreaterThan(0);
    expect(cell[NETWORK_SPILLED]).toBeLessThan(18 * 1_000);
    expect(slots[0]).toBeGreaterThan(0);
    expect(fs.readdirSync(path.join(root, 'own'))).toEqual([]);
    expect(held.map((frame) => frame.take()[3_999])).toEqual(held.map((_, index) => index));
    frames.close();
  });

  it('go to disk earlier when memory is short', () => {
    const { frames, memory, cell } = stage(10_000);
    memory.pressed('high');
    for (let i = 0; i < 3; i++) frames.hold(new Uint8Array(3_000));
    expect(memory.network.usedBytes).toBe(6_000);
    expect(cell[NETWORK_SPILLED]).toBeGreaterThan(0);
    frames.close();
  });

  it('that a cancelled task leaves are gone with it', () => {
    const { frames, memory, cell, slots } = stage(10_000);
    for (let i = 0; i < 10; i++) frames.hold(new Uint8Array(4_000));
    frames.close();
    expect([memory.network.usedBytes, cell[NETWORK_SPILLED], slots[0]]).toEqual([0, 0, 0]);
    expect(memory.network.forgottenBytes).toBe(8_000);
  });

  it('beyond the quota are refused, with what it is of', () => {
    const { frames, slots } = stage(10_000, 8_192);
    const noise = (): Uint8Array => crypto.getRandomValues(new Uint8Array(5_000));
    frames.hold(noise());
    frames.hold(noise());
    expect(() => {
      frames.hold(noise());
      frames.hold(noise());
    }).toThrow(/Slot 0 would have .*taskmanager\.disk\.quota\.slot/);
    frames.close();
    expect(slots[0]).toBe(0);
  });

  it('name the folder where the disk cannot be written', () => {
    const { disk, memory } = stage(1);
    fs.writeFileSync(path.join(root, 'own'), 'no folder');
    const frames = new ReceivedFrames(memory, disk, OWNER);
    expect(() => frames.hold(new Uint8Array(10))).toThrow(/No folder of io\.tmp\.dirs can be used/);
  });
});
