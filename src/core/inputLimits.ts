// What no sender of ours would write, and no decision should have to bear: ids, paths and reasons without end, numbers out of their range.
// Such an input is refused before it is decided. Commands that are merely wrong are decisions' to reject, with an answer in the ledger.
import { MAX_PATH_CHARS } from './checkpointConfig.ts';
import { MAX_REASON_CHARS } from './executionGraph.ts';
import type { Command, StatusMessage } from './inputs.ts';
import type { CheckpointReport, RegisterTaskManager, TaskReport } from './schema.gen.ts';

/** Longest id of a command, a job, a TaskManager or a request. */
export const MAX_ID_CHARS = 256;
/** Longest host name, as of DNS. */
const MAX_HOST_CHARS = 255;
const MAX_PORT = 65_535;
/** Most TaskManagers that may be desired. */
export const MAX_TASK_MANAGERS = 10_000;
/** Most attempts, acks or declines in one report: a TaskManager cannot have more. */
const MAX_REPORTED = 200_000;
/** Most files of one subtask's state that later checkpoints share, and most operators of it. */
const MAX_SHARED_FILES = 10_000;
/** Longest handle of a subtask's state in a checkpoint. */
const MAX_HANDLE_CHARS = 65_536;

/** Why the input is refused, as a sentence's end; null where it may be decided. */
export function inputProblem(input: Command | StatusMessage): string | null {
  switch (input.type) {
    case 'RegisterTaskManager':
      return idProblem('taskManagerId', input.taskManagerId) ?? registrationProblem(input);
    case 'TaskReport':
      return idProblem('taskManagerId', input.taskManagerId) ?? attemptsProblem(input);
    case 'CheckpointReport':
      return idProblem('taskManagerId', input.taskManagerId) ?? checkpointReportProblem(input);
    case 'TaskManagerStopping':
      return idProblem('taskManagerId', input.taskManagerId) ?? tooLong('reason', input.reason, MAX_REASON_CHARS);
    case 'SetDesiredTaskManagers':
      return idProblem('commandId', input.commandId) ?? outOfRange('desired', input.desired, 0, MAX_TASK_MANAGERS);
    case 'TriggerSavepoint':
    case 'StopWithSavepoint':
      return commandProblem(input) ?? tooLong('targetPath', input.targetPath ?? '', MAX_PATH_CHARS);
    case 'SubmitJob':
    case 'CancelJob':
    case 'PauseJob':
    case 'ResumeJob':
    case 'RescaleJob':
    case 'RequestCheckpoint':
      return commandProblem(input);
    default:
      return input satisfies never;
  }
}

function commandProblem({ commandId, jobId }: { readonly commandId: string; readonly jobId: string }): string | null {
  return idProblem('commandId', commandId) ?? tooLong('jobId', jobId, MAX_ID_CHARS);
}

function registrationProblem(message: RegisterTaskManager): string | null {
  const { host, dataPort, pid, managedMemoryBytes, registration, requestId } = message;
  if (host === '') return 'host is empty';
  return (
    tooLong('host', host, MAX_HOST_CHARS) ??
    outOfRange('dataPort', dataPort, 0, MAX_PORT) ??
    outOfRange('pid', pid, 0, Number.MAX_SAFE_INTEGER) ??
    outOfRange('managedMemoryBytes', managedMemoryBytes, 0, Number.MAX_SAFE_INTEGER) ??
    outOfRange('registration', registration, 0, Number.MAX_SAFE_INTEGER) ??
    tooLong('requestId', requestId ?? '', MAX_ID_CHARS) ??
    attemptsProblem(message)
  );
}

function attemptsProblem({ attempts }: Pick<TaskReport, 'attempts'>): string | null {
  if (attempts.length > MAX_REPORTED) return `it has ${attempts.length} attempts, and ${MAX_REPORTED} are possible`;
  const stranger = attempts.find(({ jobId }) => jobId.length > MAX_ID_CHARS);
  return stranger === undefined ? null : tooLong('jobId', stranger.jobId, MAX_ID_CHARS);
}

function checkpointReportProblem({ acks, declines, damaged }: CheckpointReport): string | null {
  const most = Math.max(acks.length, declines.length, damaged.length);
  if (most > MAX_REPORTED)
    return `it has ${acks.length} acks, ${declines.length} declines and ${damaged.length} damaged states, and ${MAX_REPORTED} of each are possible`;
  for (const { handle, bytes, shared, operators } of acks) {
    const problem =
      tooLong('handle', handle, MAX_HANDLE_CHARS) ??
      outOfRange('bytes', bytes, 0, Number.MAX_SAFE_INTEGER) ??
      outOfRange('number of shared files', shared.length, 0, MAX_SHARED_FILES) ??
      outOfRange('number of operators', operators.length, 0, MAX_SHARED_FILES);
    if (problem !== null) return problem;
    for (const name of shared) if (name.length > MAX_PATH_CHARS) return tooLong('shared', name, MAX_PATH_CHARS);
  }
  return null;
}

function idProblem(name: string, id: string): string | null {
  return id === '' ? `${name} is empty` : tooLong(name, id, MAX_ID_CHARS);
}

function tooLong(name: string, text: string, maxChars: number): string | null {
  return text.length <= maxChars ? null : `${name} has ${text.length} characters, and ${maxChars} are possible`;
}

function outOfRange(name: string, value: number, min: number, max: number): string | null {
  return value >= min && value <= max ? null : `${name} is ${value}, and ${min} to ${max} is possible`;
}
