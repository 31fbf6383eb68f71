// Combines the event time of many channels into one: the watermark is the least of those channels that count. Left out are channels that are
// idle, those that have ended, and those that were idle and lag behind what was said already. All idle: the whole is idle; all ended: it is at
// its end. The behaviour is that of Flink's StatusWatermarkValve, except that a channel which ended counts for nothing while others are only idle
// (Flink would let time run to its end then, and what the idle ones bring later would be late).
import { ACTIVE, IDLE, MAX_WATERMARK, MIN_WATERMARK, type StreamTime } from './streamTime.ts';

interface ChannelTime {
  watermark: number;
  idle: boolean;
  /** Has caught up with what was said; only those count. */
  aligned: boolean;
}

export class WatermarkValve {
  /** Of those that have said something and have not ended. */
  readonly #channels = new Map<number, ChannelTime>();
  /** Channels that have not ended. */
  #open: number;
  #watermark = MIN_WATERMARK;
  #idle = false;

  constructor(channels: number) {
    this.#open = channels;
  }

  get watermark(): number {
    return this.#watermark;
  }

  /** One channel more, which holds time back until it has said something. */
  add(): readonly StreamTime[] {
    this.#open++;
    if (!this.#idle) return [];
    this.#idle = false;
    return [ACTIVE];
  }

  /** What follows for the whole from what a channel says. */
  accept(channel: number, time: StreamTime): readonly StreamTime[] {
    let state = this.#channels.get(channel);
    if (state === undefined) {
      state = { watermark: MIN_WATERMARK, idle: false, aligned: true };
      this.#channels.set(channel, state);
    }
    switch (time.kind) {
      case 'watermark': {
        if (state.idle || time.timestamp <= state.watermark) return [];
        const held = state.aligned && state.watermark <= this.#watermark;
        state.watermark = time.timestamp;
        if (!state.aligned && time.timestamp < this.#watermark) return [];
        const joins = !state.aligned;
        state.aligned = true;
        return held || joins ? this.#advance() : [];
      }
      case 'idle':
        if (state.idle) return [];
        state.idle = true;
        state.aligned = false;
        return this.#leftOut();
      case 'active':
        if (!state.idle) return [];
        state.idle = false;
        state.aligned = state.watermark >= this.#watermark;
        if (!this.#idle) return [];
        this.#idle = false;
        return [ACTIVE];
      default:
        return time satisfies never;
    }
  }

  /** The channel has ended, after everything that it said. */
  end(channel: number): readonly StreamTime[] {
    this.#channels.delete(channel);
    this.#open--;
    if (this.#open > 0) return this.#leftOut();
    const before = this.#idle ? [ACTIVE] : [];
    this.#idle = false;
    if (this.#watermark === MAX_WATERMARK) return before;
    this.#watermark = MAX_WATERMARK;
    return [...before, { kind: 'watermark', timestamp: MAX_WATERMARK }];
  }

  /** A channel counts no longer: the others may be further, or all idle. */
  #leftOut(): readonly StreamTime[] {
    if (this.#idle) return [];
    let idle = 0;
    let latest = MIN_WATERMARK;
    for (const state of this.#channels.values()) {
      if (state.idle) idle++;
      if (state.watermark > latest) latest = state.watermark;
    }
    if (idle < this.#open) return this.#advance();
    this.#idle = true;
    // Nobody can hold time back any more: it goes as far as any has said.
    if (latest <= this.#watermark) return [IDLE];
    this.#watermark = latest;
    return [{ kind: 'watermark', timestamp: latest }, IDLE];
  }

  #advance(): readonly StreamTime[] {
    // One that has said nothing yet holds everything back.
    if (this.#channels.size < this.#open) return [];
    let least = MAX_WATERMARK;
    let counting = false;
    for (const { watermark, aligned } of this.#channels.values()) {
      if (!aligned) continue;
      counting = true;
      if (watermark < least) least = watermark;
    }
    if (!counting || least <= this.#watermark) return [];
    this.#watermark = least;
    return [{ kind: 'watermark', timestamp: least }];
  }
}
