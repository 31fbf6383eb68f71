// Answers of a host's tasks to checkpoints, gathered until the host reports: one report a checkpoint, however many subtasks answer.
import type { CheckpointReport } from '../core/schema.gen.ts';
import type { Task } from './task.ts';

type Answers = Pick<CheckpointReport, 'jobId' | 'checkpointId'> & {
  readonly acks: CheckpointReport['acks'][number][];
  readonly declines: CheckpointReport['declines'][number][];
};

export class CheckpointReports {
  readonly #taskManagerId: string;
  readonly #changed: () => void;
  /** By job and checkpoint. */
  #answers = new Map<string, Answers>();

  /** `changed`: there is something to take. */
  constructor(taskManagerId: string, changed: () => void) {
    this.#taskManagerId = taskManagerId;
    this.#changed = changed;
  }

  acked({ jobId, vertex, subtask, attempt }: Task, checkpointId: number, handle: string, bytes: number): void {
    this.#of(jobId, checkpointId).acks.push({ vertex, subtask, attempt, handle, bytes });
    this.#changed();
  }

  declined({ jobId, vertex, subtask, attempt }: Task, checkpointId: number, reason: string): void {
    this.#of(jobId, checkpointId).declines.push({ vertex, subtask, attempt, reason });
    this.#changed();
  }

  take(): CheckpointReport[] {
    const reports = [...this.#answers.values()].map(
      (answers): CheckpointReport => ({
        type: 'CheckpointReport',
        taskManagerId: this.#taskManagerId,
        ...answers,
      }),
    );
    this.#answers.clear();
    return reports;
  }

  #of(jobId: string, checkpointId: number): Answers {
    const key = `${jobId}/${checkpointId}`;
    let answers = this.#answers.get(key);
    if (answers === undefined) {
      answers = { jobId, checkpointId, acks: [], declines: [] };
      this.#answers.set(key, answers);
    }
    return answers;
  }
}
