// The other JobManagers, as their heartbeats show them. For people only: nothing is decided by it.
import type { JobManagerHeartbeat } from '../core/schema.gen.ts';
import type { RunningTime } from './runningTime.ts';

/** A JobManager not heard for this long is no longer shown. */
const PEER_EXPIRY_MS = 2_000;
/** More than any cluster has; beyond it new ones are not shown. */
const MAX_PEERS = 1_000;

export class Peers {
  readonly #time: RunningTime;
  readonly #peers = new Map<string, { readonly heartbeat: JobManagerHeartbeat; readonly heardAtMs: number }>();

  constructor(time: RunningTime) {
    this.#time = time;
  }

  onHeartbeat(heartbeat: JobManagerHeartbeat): void {
    if (this.#peers.size >= MAX_PEERS) this.#expire();
    if (this.#peers.size >= MAX_PEERS && !this.#peers.has(heartbeat.jobManagerId)) return;
    this.#peers.set(heartbeat.jobManagerId, { heartbeat, heardAtMs: this.#time.ms });
  }

  /** By id. */
  heard(): JobManagerHeartbeat[] {
    this.#expire();
    return [...this.#peers.values()]
      .map(({ heartbeat }) => heartbeat)
      .sort((left, right) => (left.jobManagerId < right.jobManagerId ? -1 : 1));
  }

  #expire(): void {
    for (const [id, { heardAtMs }] of this.#peers)
      if (this.#time.ms - heardAtMs > PEER_EXPIRY_MS) this.#peers.delete(id);
  }
}
