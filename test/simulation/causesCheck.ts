// Inputs and their Commits: what follows from an input carries its cause, and no input is passed over. A lost cause would have an input
// decided again by the next leader; a cause too many would have one forgotten.
import { decodeMessage } from '../../src/codec/codec.ts';
import { partitionOfKey } from '../../src/codec/partitioner.ts';
import { MAX_COMMIT_WEIGHT } from '../../src/core/decide.ts';
import type { ClusterEvent, Commit } from '../../src/core/schema.gen.ts';
import type { ClusterState } from '../../src/core/state.ts';
import type { JournalRecord } from '../../src/ports/journal.ts';
import { attemptName, type History } from './history.ts';

/** Partitions of `status`, as in topics/status.yaml. */
const STATUS_PARTITIONS = 8;

/** See SPLIT_DECISIONS. */
export const DECISIONS_ARE_SPLIT: boolean = MAX_COMMIT_WEIGHT < 100_000;

/** Commits of the same decision, at most, that may lie between an event and the one that names its cause. */
const COMMITS_PER_DECISION = DECISIONS_ARE_SPLIT ? 200 : 0;

export class CausesCheck {
  readonly #history: History;
  readonly #endOf: (topic: 'commands' | 'status', partition: number) => number;
  readonly #fail: (what: string) => void;
  /** Command id by offset of `commands`; null: nobody can decode it. */
  readonly #commands: (string | null)[] = [];
  /** First offset of each command. */
  readonly #firstOffsets = new Map<string, number>();
  #passed = 0;
  #epoch = 0;
  /** Causes that a later Commit of the same decision must name, by the event that they led to. */
  readonly #owed = new Map<string, { readonly partition: string; readonly offset: number; left: number }>();

  constructor(
    history: History,
    endOf: (topic: 'commands' | 'status', partition: number) => number,
    fail: (what: string) => void,
  ) {
    this.#history = history;
    this.#endOf = endOf;
    this.#fail = fail;
  }

  get commands(): readonly (string | null)[] {
    return this.#commands;
  }

  /** Records of `commands` landed. */
  onCommands(records: readonly JournalRecord[]): void {
    for (const { value, headers } of records) {
      let commandId: string | null = null;
      try {
        if (value !== null) commandId = decodeMessage('commands', value, headers).commandId;
      } catch {
        // Junk, which the leader buries.
      }
      if (commandId !== null && !this.#firstOffsets.has(commandId))
        this.#firstOffsets.set(commandId, this.#commands.length);
      this.#commands.push(commandId);
    }
  }

  /** After its fold. */
  onCommit(commit: Commit, state: Readonly<ClusterState>): void {
    const causes = new Map<string, number>();
    for (const { topic, partition, offset } of commit.causes) {
      causes.set(`${topic}/${partition}`, offset);
      if (offset >= this.#endOf(topic as 'commands' | 'status', partition))
        this.#fail(
          `Commit ${commit.epoch}/${commit.seq} answers ${topic}/${partition}@${offset}, which does not exist`,
        );
    }
    if (commit.epoch !== this.#epoch) this.#owed.clear();
    this.#epoch = commit.epoch;
    for (const event of commit.events) {
      const from = this.#sourceOf(event);
      if (from !== null) this.#owed.set(`${event.type} on ${from.partition}`, { ...from, left: COMMITS_PER_DECISION });
    }
    for (const [name, owed] of this.#owed) {
      const offset = causes.get(owed.partition);
      if (offset !== undefined && offset >= owed.offset) this.#owed.delete(name);
      else if (owed.left-- === 0) this.#fail(`${name} in Commit ${commit.epoch}/${commit.seq} has lost its cause`);
    }
    this.#passCommands(state);
  }

  /** The partition whose input alone can have led to the event, and the least offset that it can have had. */
  #sourceOf(event: ClusterEvent): { partition: string; offset: number } | null {
    switch (event.type) {
      case 'JobSubmitted':
      case 'JobRejected':
        return { partition: 'commands/0', offset: this.#firstOffsets.get(event.commandId) ?? Number.POSITIVE_INFINITY };
      case 'TaskRunning':
      case 'TaskFinished':
      case 'CheckpointAcked':
      case 'CheckpointDeclined': {
        const name = attemptName(event.jobId, event.vertex, event.subtask, event.attempt);
        return this.#status(this.#history.deployments.get(name)?.taskManagerId ?? '');
      }
      case 'TaskManagerRegistered':
      case 'TaskManagerReleased':
        return this.#status(event.taskManagerId);
      default:
        return null;
    }
  }

  #status(taskManagerId: string): { partition: string; offset: number } {
    return { partition: `status/${partitionOfKey(taskManagerId, STATUS_PARTITIONS)}`, offset: 0 };
  }

  /** Every command that the ledger has passed was answered, or is a savepoint under way. */
  #passCommands(state: Readonly<ClusterState>): void {
    const upTo = state.inputs.get('commands/0') ?? -1;
    for (; this.#passed <= upTo; this.#passed++) {
      const commandId = this.#commands[this.#passed];
      if (commandId === null || commandId === undefined || this.#history.answers.has(commandId)) continue;
      const pending = [...state.jobs.values()].some((job) =>
        [...job.checkpoints.pending.values()].some((checkpoint) => checkpoint.commandId === commandId),
      );
      if (!pending)
        this.#fail(`the ledger has passed command ${commandId} at offset ${this.#passed} without an answer`);
    }
  }
}
