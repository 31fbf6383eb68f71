// What the example of log monitoring should find, computed from the generator's requests alone: window by window, over all of them.
import { expect } from 'vitest';
import { accessLogLine, isCutOff, type Request, requestAt } from '../../examples/generators/accessLog.ts';
import type { Alert, Statistics } from '../../examples/logMonitoring.ts';
import { linesOf } from '../e2e/output.ts';
import { recordsOf, sorted } from './results.ts';

export function expectLogMonitoring(folder: string, seed: number, count: number): void {
  const indices = Array.from({ length: count }, (_, index) => index);
  const cutOff = indices.filter((index) => isCutOff(seed, index));
  const requests = indices.filter((index) => !isCutOff(seed, index)).map((index) => requestAt(seed, index));

  expect(sorted(linesOf(`${folder}/malformed.txt`))).toEqual(sorted(cutOff.map((index) => accessLogLine(seed, index))));
  const windows = windowsOf(requests);
  const found = recordsOf<Statistics>(folder, 'statistics.jsonl');
  expect(found.map(({ p95Ms: _, ...counts }) => counts)).toEqual(
    sorted(windows.map(({ latencies: _, ...counts }) => counts)),
  );
  const latencies = new Map(windows.map((window) => [`${window.service} ${window.until}`, window.latencies]));
  for (const { service, until, requests: count, p95Ms } of found) {
    const exact = latencies.get(`${service} ${until}`)!.sort((a, b) => a - b)[Math.ceil(0.95 * count) - 1]!;
    // Within one bucket, and the rounding of the result.
    expect(p95Ms).toBeGreaterThanOrEqual(exact - 0.5);
    expect(p95Ms).toBeLessThanOrEqual(exact * 1.1 + 0.5);
  }
  expect(recordsOf<Alert>(folder, 'alerts.jsonl')).toEqual(sorted(alertsOf(windows)));
}

interface WindowOf {
  readonly service: string;
  readonly until: number;
  readonly requests: number;
  readonly errors: number;
  readonly latencies: number[];
}

function windowsOf(requests: readonly Request[]): WindowOf[] {
  const windows: WindowOf[] = [];
  const times = requests.map(({ time }) => time);
  const first = Math.floor(times.reduce((a, b) => Math.min(a, b)) / 10_000) * 10_000;
  const last = times.reduce((a, b) => Math.max(a, b));
  for (let until = first + 10_000; until - 60_000 <= last; until += 10_000) {
    const within = requests.filter(({ time }) => time >= until - 60_000 && time < until);
    for (const service of new Set(within.map((request) => request.service))) {
      const own = within.filter((request) => request.service === service);
      windows.push({
        service,
        until,
        requests: own.length,
        errors: own.filter(({ status }) => status >= 500).length,
        latencies: own.map(({ latencyMs }) => latencyMs),
      });
    }
  }
  return windows;
}

/** Windows come in the order of their time. */
function alertsOf(windows: readonly WindowOf[]): Alert[] {
  const raised = new Map<string, number>();
  return windows.flatMap(({ service, until, requests, errors }): Alert[] => {
    const errorRate = errors / requests;
    const since = raised.get(service);
    if (since === undefined && requests >= 50 && errorRate >= 0.05) {
      raised.set(service, until);
      return [{ type: 'RAISED', service, time: until, errorRate, lastedMs: null }];
    }
    if (since === undefined || errorRate >= 0.02) return [];
    raised.delete(service);
    return [{ type: 'CLEARED', service, time: until, errorRate, lastedMs: until - since }];
  });
}
