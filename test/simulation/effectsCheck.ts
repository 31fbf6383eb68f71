// Effects against the log: whatever a JobManager appends, at the moment when it asks for that, must follow from a counted record that is in
// the log by then; only who won an epoch may act in it; and one (epoch, seq) has one content.
import { createHash } from 'node:crypto';
import { decodeMessage } from '../../src/codec/codec.ts';
import type { AssignmentMessage } from '../../src/core/messages.ts';
import type { CommandReply, DeployTasks, JobStatus, TaskRef } from '../../src/core/schema.gen.ts';
import type { JournalRecord } from '../../src/ports/journal.ts';
import { attemptName } from './history.ts';
import type { Oracle } from './oracle.ts';

export class EffectsCheck {
  readonly #oracle: Oracle;
  /** Hash of the content of each `epoch/seq`. */
  readonly #contents = new Map<string, string>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** A JobManager asks the journal to append. */
  onAppend(jobManagerId: string, topic: string, records: readonly JournalRecord[]): void {
    for (const { value, headers } of records) {
      if (value === null) continue;
      const problem = this.#problem(jobManagerId, topic, value, headers);
      if (problem !== null) this.#oracle.fail(`${jobManagerId} ${problem}`);
    }
  }

  #problem(id: string, topic: string, value: Uint8Array, headers: JournalRecord['headers']): string | null {
    switch (topic) {
      case 'events':
        return this.#ofLedger(id, value, headers);
      case 'assignments':
        return this.#ofAssignment(id, decodeMessage('assignments', value, headers));
      case 'replies':
        return this.#ofReply(decodeMessage('replies', value, headers));
      case 'jobs':
        return this.#ofJobStatus(decodeMessage('jobs', value, headers));
      case 'dead-letters': {
        const { reason, topic: from, offset } = decodeMessage('dead-letters', value, headers);
        return reason.includes('which is a bug') ? `buries ${from}@${offset}: ${reason}` : null;
      }
      default:
        return null;
    }
  }

  #ofLedger(id: string, value: Uint8Array, headers: JournalRecord['headers']): string | null {
    const record = decodeMessage('events', value, headers);
    if (record.type === 'Claim')
      return record.leaderId === id ? null : `claims epoch ${record.epoch} for ${record.leaderId}`;
    if (this.#oracle.winners.get(record.epoch) !== id)
      return `appends a Commit of epoch ${record.epoch}, which ${this.#oracle.winners.get(record.epoch)} has won`;
    const key = `${record.epoch}/${record.seq}`;
    const content = createHash('sha1').update(value).digest('base64');
    const known = this.#contents.get(key);
    this.#contents.set(key, content);
    return known === undefined || known === content ? null : `gives (epoch, seq) ${key} a second content`;
  }

  #ofAssignment(id: string, message: AssignmentMessage): string | null {
    const { history, winners } = this.#oracle;
    const { epoch, taskManagerId: to } = message;
    if (winners.get(epoch) !== id)
      return `sends ${message.type} in epoch ${epoch}, which ${winners.get(epoch)} has won`;
    switch (message.type) {
      case 'RegistrationRequired':
        return null;
      case 'RegistrationAccepted':
        return history.registered.has(to) ? null : `accepts ${to}, whose registration is not in the log`;
      case 'DeployTasks':
        return this.#ofDeployment(message);
      case 'CancelTasks': {
        const early = message.tasks.find((task) => {
          const name = nameOf(message.jobId, task);
          return !history.cancelling.has(name) && !history.strays.has(`${to}/${name}`);
        });
        return early === undefined
          ? null
          : `cancels ${nameOf(message.jobId, early)} on ${to}, and the log does not say so`;
      }
      case 'TriggerCheckpoint':
        return history.jobs.get(message.jobId)?.triggered.has(message.checkpointId)
          ? null
          : `triggers checkpoint ${message.checkpointId} of job ${message.jobId} before it is in the log`;
      case 'CheckpointComplete':
        return history.jobs.get(message.jobId)?.completed.has(message.checkpointId)
          ? null
          : `says that checkpoint ${message.checkpointId} of job ${message.jobId} is complete before the log does`;
      case 'CheckpointAbort':
        return history.jobs.get(message.jobId)?.aborted.has(message.checkpointId)
          ? null
          : `aborts checkpoint ${message.checkpointId} of job ${message.jobId} before it is in the log`;
      case 'ReleaseJob':
        return history.jobs.get(message.jobId)?.ended ? null : `releases job ${message.jobId}, which has not ended`;
      default:
        return message satisfies never;
    }
  }

  #ofDeployment({ jobId, taskManagerId, tasks, restore }: DeployTasks): string | null {
    const { history, reallyAcked } = this.#oracle;
    for (const task of tasks) {
      const name = nameOf(jobId, task);
      const deployment = history.deployments.get(name);
      if (deployment?.taskManagerId !== taskManagerId || deployment.slot !== task.slot)
        return `deploys ${name} to ${taskManagerId}/${task.slot}, and the log does not say so`;
      if ((restore?.checkpointId ?? 0) !== deployment.restoreFrom)
        return `has ${name} start from checkpoint ${restore?.checkpointId ?? 0} and not from ${deployment.restoreFrom}, the newest complete one`;
    }
    for (const { handle } of restore?.states ?? []) {
      if (!reallyAcked.has(handle) || !handle.endsWith(`@${restore?.checkpointId}`))
        return `restores ${handle}, which no task stored for checkpoint ${restore?.checkpointId}`;
    }
    return null;
  }

  #ofReply({ commandId, rejection }: CommandReply): string | null {
    const answers = this.#oracle.history.answers.get(commandId);
    if (answers?.has(rejection)) return null;
    // What nobody can decode is refused without an event.
    if (rejection === 'INVALID_COMMAND' && answers === undefined) return null;
    return `answers command ${commandId} with ${rejection ?? 'yes'} before the log does`;
  }

  #ofJobStatus({ jobId, state, offset }: JobStatus): string | null {
    const { state: log, history } = this.#oracle;
    if (offset > log.offset) return `publishes job ${jobId} as of offset ${offset}, beyond the end of the log`;
    const actual = history.stateAt(jobId, offset);
    return actual === state ? null : `publishes job ${jobId} as ${state}; at offset ${offset} it was ${actual}`;
  }
}

function nameOf(jobId: string, { vertex, subtask, attempt }: TaskRef): string {
  return attemptName(jobId, vertex, subtask, attempt);
}
