// What a simulated network and broker do to messages. Rates are probabilities a message; times are on the broker's clock.

export interface SimulatedFaults {
  /** Each hop between a client and the broker takes a uniformly drawn time between these. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** The append never reaches the broker; the client learns OUTCOME_UNKNOWN. */
  readonly lostRequestRate: number;
  /** The append lands, its answer does not arrive; the client learns OUTCOME_UNKNOWN. */
  readonly lostResponseRate: number;
  /** The append lands only after the client has given up on it. */
  readonly lateLandingRate: number;
  /** The append lands and is acknowledged, and a second copy lands later. */
  readonly duplicateRate: number;
  /** How long after the give-up (late landing) or the sending (duplicate) the copy may still arrive. */
  readonly landingSpreadMs: number;
  /** A client gives up on a request after this. */
  readonly requestTimeoutMs: number;
}

/** A local broker in good health: small delays, nothing lost. */
export const noFaults: SimulatedFaults = {
  minDelayMs: 0.1,
  maxDelayMs: 1,
  lostRequestRate: 0,
  lostResponseRate: 0,
  lateLandingRate: 0,
  duplicateRate: 0,
  landingSpreadMs: 0,
  requestTimeoutMs: 5_000,
};
