// The Clock and Ids ports: time and chance for everything outside core/, so that a simulation can own both.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix ms; may jump. For `at` and for people. */
  now(): number;
  /** Milliseconds since some start; never jumps. For time-outs. */
  monotonic(): number;
  /** Runs `action` once after `delayMs`. */
  after(delayMs: number, action: () => void): Timer;
}

export interface Ids {
  /** `length` lower-case hex digits (32 for a JobID). */
  hex(length: number): string;
}
