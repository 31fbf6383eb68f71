// The Signals port: the cluster's nerves. Messages are small, frequent and lossy: none is kept, any may be late, lost or repeated,
// so nothing but liveness and gauges may depend on one.

export interface Signal {
  /** Who sent it: a JobManager or TaskManager id. */
  readonly from: string;
  readonly payload: Uint8Array;
}

export interface Signals {
  /** Sends to every subscriber of the subject. Resolves when handed over; rejects only when closed. A broker that is away loses it. */
  publish(subject: SignalSubject, signal: Signal): Promise<void>;
  /** Only signals sent after the subscription began are delivered. The returned function ends it. */
  subscribe(subject: SignalSubject, onSignal: (signal: Signal) => void): Promise<() => Promise<void>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * `jobmanagers` carries JobManagerHeartbeat (the leader's is its keepalive), `taskmanagers` carries TaskManagerHeartbeat, `actors` carries
 * ActorEnvelope, each of them for one process.
 */
export type SignalSubject = 'jobmanagers' | 'taskmanagers' | 'actors';
