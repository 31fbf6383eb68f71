// `/overview`, `/config` and `/jobmanagers`.
import fs from 'node:fs';
import path from 'node:path';
import { isTerminal, type TaskManager } from '../core/state.ts';
import { packageRoot } from '../packageRoot.ts';
import type { ClusterView } from './clusterView.ts';

/** How often the dashboard asks again. */
const REFRESH_INTERVAL_MS = 3_000;

let version: string | null = null;

/** Of this package; the dashboard shows it where it shows Flink's. */
function packageVersion(): string {
  if (version === null) {
    const text = fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
    version = `sluice ${(JSON.parse(text) as { version: string }).version}`;
  }
  return version;
}

export function freeSlots(taskManager: Readonly<TaskManager>): number {
  return taskManager.slots.reduce((free, slot) => free + (slot.owner === null ? 1 : 0), 0);
}

export function clusterOverview({ state }: ClusterView): object {
  let slots = 0;
  let free = 0;
  for (const taskManager of state.taskManagers.values()) {
    slots += taskManager.slots.length;
    free += freeSlots(taskManager);
  }
  const jobs = { running: 0, FINISHED: 0, CANCELED: 0, FAILED: 0 };
  for (const { status } of state.jobs.values()) {
    // As Flink counts: whatever has not ended is running.
    jobs[isTerminal(status) ? (status.kind as 'FINISHED' | 'CANCELED' | 'FAILED') : 'running']++;
  }
  return {
    taskmanagers: state.taskManagers.size,
    'taskmanagers-blocked': 0,
    'slots-total': slots,
    'slots-available': free,
    'slots-free-and-blocked': 0,
    'jobs-running': jobs.running,
    'jobs-finished': jobs.FINISHED,
    'jobs-cancelled': jobs.CANCELED,
    'jobs-failed': jobs.FAILED,
    'flink-version': packageVersion(),
    'flink-commit': 'unknown',
  };
}

export function config(): object {
  const offsetMinutes = -new Date().getTimezoneOffset();
  return {
    'refresh-interval': REFRESH_INTERVAL_MS,
    'timezone-name': Intl.DateTimeFormat().resolvedOptions().timeZone,
    'timezone-offset': offsetMinutes * 60_000,
    'flink-version': packageVersion(),
    'flink-revision': 'unknown',
    features: { 'web-submit': false, 'web-cancel': true, 'web-rescale': false, 'web-history': false },
  };
}

/** Not Flink's: who leads, and every process of the cluster with its pid. */
export function jobManagersOverview(view: ClusterView): object {
  const { state } = view;
  return {
    now: view.now(),
    leaderId: state.leader?.id ?? null,
    epoch: state.epoch,
    offset: state.offset,
    voided: { ...state.voided },
    desiredTaskManagers: state.desiredTaskManagers,
    jobManagers: view.jobManagers(),
    taskManagers: [...state.taskManagers.values()].map((taskManager) => ({
      id: taskManager.id,
      pid: taskManager.pid,
      slots: taskManager.slots.length,
      slotsFree: freeSlots(taskManager),
    })),
  };
}
