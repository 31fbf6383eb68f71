// Answers of a host's tasks to checkpoints, gathered until the host reports: one report a checkpoint, however many subtasks answer.
import type { CheckpointReport } from '../core/schema.gen.ts';
import type { Task } from './task.ts';

type Answers = Pick<CheckpointReport, 'jobId' | 'checkpointId'> & {
  readonly acks: CheckpointReport['acks'][number][];
  readonly declines: CheckpointReport['declines'][number][];
  readonly damaged: CheckpointReport['damaged'][number][];
};

/** What a task stored for a checkpoint. */
export type StoredState = Omit<CheckpointReport['acks'][number], 'vertex' | 'subtask' | 'attempt'>;

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

  acked({ jobId, vertex, subtask, attempt }: Task, checkpointId: number, stored: StoredState): void {
    this.#of(jobId, checkpointId).acks.push({ vertex, subtask, attempt, ...stored });
    this.#changed();
  }

  declined({ jobId, vertex, subtask, attempt }: Task, checkpointId: number, reason: string): void {
    this.#of(jobId, checkpointId).declines.push({ vertex, subtask, attempt, reason });
    this.#changed();
  }

  /** State of a checkpoint that the task was to start from is damaged or gone. */
  damaged({ jobId, vertex, subtask, attempt }: Task, checkpointId: number, handle: string, reason: string): void {
    this.#of(jobId, checkpointId).damaged.push({ vertex, subtask, attempt, handle, reason });
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
      answers = { jobId, checkpointId, acks: [], declines: [], damaged: [] };
      this.#answers.set(key, answers);
    }
    return answers;
  }
}
