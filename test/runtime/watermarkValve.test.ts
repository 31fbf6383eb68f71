// How the event time of many channels becomes one: by the cases that Flink's documentation and its valve's contract name, and against a model that
// looks at every channel each time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVE, IDLE, MAX_WATERMARK, MIN_WATERMARK, type StreamTime } from '../../src/runtime/streamTime.ts';
import { WatermarkValve } from '../../src/runtime/watermarkValve.ts';

const at = (timestamp: number): StreamTime => ({ kind: 'watermark', timestamp });

describe('WatermarkValve', () => {
  it('says the least watermark, once all channels have said one', () => {
    const valve = new WatermarkValve(2);
    expect(valve.accept(0, at(5))).toEqual([]);
    expect(valve.accept(1, at(3))).toEqual([at(3)]);
    expect(valve.accept(1, at(9))).toEqual([at(5)]);
    expect(valve.accept(0, at(5))).toEqual([]);
    expect(valve.accept(0, at(7))).toEqual([at(7)]);
  });

  it('does not wait for an idle channel, and says when all are idle and when one is active again', () => {
    const valve = new WatermarkValve(2);
    valve.accept(0, at(5));
    valve.accept(1, at(3));
    expect(valve.accept(1, IDLE)).toEqual([at(5)]);
    expect(valve.accept(0, IDLE)).toEqual([IDLE]);
    expect(valve.accept(1, ACTIVE)).toEqual([ACTIVE]);
    // It lags behind what was said: until it has caught up it holds nothing back.
    expect(valve.accept(1, at(4))).toEqual([]);
    expect(valve.accept(0, ACTIVE)).toEqual([]);
    expect(valve.accept(0, at(6))).toEqual([at(6)]);
    expect(valve.accept(1, at(8))).toEqual([]);
    expect(valve.accept(0, at(9))).toEqual([at(8)]);
  });

  it('goes as far as any has said when all are idle', () => {
    const valve = new WatermarkValve(2);
    valve.accept(0, at(5));
    valve.accept(1, at(3));
    expect(valve.accept(0, IDLE)).toEqual([]);
    expect(valve.accept(1, IDLE)).toEqual([at(5), IDLE]);
  });

  it('leaves out a channel that has ended, and comes to the end with the last', () => {
    const valve = new WatermarkValve(3);
    valve.accept(0, at(1));
    valve.accept(1, at(4));
    valve.accept(2, IDLE);
    expect(valve.end(0)).toEqual([at(4)]);
    expect(valve.end(1)).toEqual([IDLE]);
    expect(valve.end(2)).toEqual([ACTIVE, at(MAX_WATERMARK)]);
  });

  it('says what a look at all channels says, and never goes back', () => {
    const step = fc.tuple(fc.nat(2), fc.oneof(fc.nat(30), fc.constantFrom('idle' as const, 'active' as const)));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const valve = new WatermarkValve(3);
        const model = new Model(3);
        for (const [channel, what] of steps) {
          const time = typeof what === 'number' ? at(what) : what === 'idle' ? IDLE : ACTIVE;
          expect(valve.accept(channel, time)).toEqual(model.accept(channel, time));
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** The definition, without any shortcut. */
class Model {
  readonly #channels: { watermark: number; idle: boolean; lags: boolean }[];
  #said = MIN_WATERMARK;
  #idle = false;

  constructor(count: number) {
    this.#channels = Array.from({ length: count }, () => ({ watermark: MIN_WATERMARK, idle: false, lags: false }));
  }

  accept(index: number, time: StreamTime): StreamTime[] {
    const channel = this.#channels[index]!;
    if (time.kind === 'watermark' && !channel.idle) channel.watermark = Math.max(channel.watermark, time.timestamp);
    if (time.kind === 'idle') channel.idle = true;
    if (time.kind === 'active' && channel.idle) {
      channel.idle = false;
      channel.lags = true;
    }
    if (channel.watermark >= this.#said) channel.lags = false;
    const active = this.#channels.filter(({ idle }) => !idle);
    if (active.length === 0) {
      if (this.#idle) return [];
      this.#idle = true;
      return [...this.#say(Math.max(...this.#channels.map(({ watermark }) => watermark))), IDLE];
    }
    const woken: StreamTime[] = this.#idle ? [ACTIVE] : [];
    this.#idle = false;
    const counting = active.filter(({ lags }) => !lags);
    const least = counting.length === 0 ? MIN_WATERMARK : Math.min(...counting.map(({ watermark }) => watermark));
    return [...woken, ...this.#say(least)];
  }

  #say(timestamp: number): StreamTime[] {
    if (timestamp <= this.#said) return [];
    this.#said = timestamp;
    return [at(timestamp)];
  }
}
