// How busy this process is, for its heartbeats. The heap is that of the asking thread: whoever runs other threads adds theirs.
import os from 'node:os';
import type { Clock } from '../ports/clock.ts';

export interface Gauges {
  /** Share of the machine's cores in use, 0 to 1, since the last look. */
  readonly cpuLoad: number;
  readonly usedHeapBytes: number;
}

const US_PER_MS = 1_000;

export function processGauges(clock: Clock): () => Gauges {
  const cores = os.availableParallelism();
  let lastCpu = process.cpuUsage();
  let lastMs = clock.monotonic();
  return () => {
    const cpu = process.cpuUsage();
    const nowMs = clock.monotonic();
    const usedMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / US_PER_MS;
    const elapsedMs = nowMs - lastMs;
    const load = elapsedMs > 0 ? usedMs / elapsedMs / cores : 0;
    lastCpu = cpu;
    lastMs = nowMs;
    return { cpuLoad: Math.min(1, Math.max(0, load)), usedHeapBytes: process.memoryUsage().heapUsed };
  };
}
