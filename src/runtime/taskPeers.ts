// Which tasks depend on a peer: those that exchange records with a TaskManager, and those that have waited for a consumer too long.
import { TaskError } from './errors.ts';
import type { ExchangeWriter } from './exchangeWriter.ts';
import type { Task } from './task.ts';

/** Whether records still flow, or will, between the task and the TaskManager. */
export function exchangesWith(task: Task, taskManagerId: string): boolean {
  const { taskManagers, placements } = task.deployment;
  const there = (vertex: number, subtask: number): boolean =>
    taskManagers[placements[vertex]!.taskManagers[subtask]!]?.taskManagerId === taskManagerId;
  const sendsThere = ({ spec }: ExchangeWriter): boolean =>
    spec.strategy === 'FORWARD'
      ? there(spec.consumer, task.subtask)
      : spec.consumerAttempts.some((_, subtask) => there(spec.consumer, subtask));
  return task.gate?.waitsFor(there) === true || task.writers.some(sendsThere);
}

/** Fails the tasks that wait for a consumer which has not announced itself in time. */
export function failOverdue(tasks: readonly Task[], timeoutMs: number): void {
  for (const task of tasks) {
    const error = overdue(task, timeoutMs);
    if (error) task.fail(error);
  }
}

function overdue(task: Task, timeoutMs: number): TaskError | null {
  const waiting = task.writers.map((writer) => writer.waitingForPeer()).find((found) => found !== null);
  if (!waiting || task.now() - waiting.sinceMs < timeoutMs) return null;
  return new TaskError(
    'PEER_TIMEOUT',
    `Waited ${timeoutMs / 1000} s for ${waiting.what}. Were they deployed, and can their TaskManagers be reached?`,
  );
}
