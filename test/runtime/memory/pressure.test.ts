// A level is entered at its share and left only well below it.
import { describe, expect, it } from 'vitest';
import { PressureGauge } from '../../../src/runtime/memory/pressure.ts';

describe('the pressure gauge', () => {
  it('rises at once and falls with a lag', () => {
    const gauge = new PressureGauge();
    const levels = [0.5, 0.69, 0.7, 0.84, 0.85, 0.8, 0.76, 0.74, 0.65, 0.61, 0.59].map((share) => gauge.update(share));
    expect(levels).toEqual([
      'none',
      'none',
      'elevated',
      'elevated',
      'high',
      'high',
      'high',
      'elevated',
      'elevated',
      'elevated',
      'none',
    ]);
  });

  it('does not flutter around a threshold', () => {
    const gauge = new PressureGauge();
    gauge.update(0.86);
    const levels = new Set([0.84, 0.86, 0.84, 0.86].map((share) => gauge.update(share)));
    expect([...levels]).toEqual(['high']);
  });

  it('jumps over a level where the share does', () => {
    const gauge = new PressureGauge();
    expect(gauge.update(0.99)).toBe('high');
    expect(gauge.update(0.1)).toBe('none');
  });
});
