// The temporary tier of one slot thread's disk: where tasks keep what they need no longer than they run (state in LMDB, batches that found no
// room in memory), spread over the folders of io.tmp.dirs, and how much of it each slot and each job may have. A task's space is free again when it
// has ended, however it does; what a thread held that died, its TaskManager gives back; what a process left that died goes when the next one starts.
import fs from 'node:fs';
import { TaskError } from '../errors.ts';
import { newSpaceCells, pagesOf, SpaceBook } from './spaceBook.ts';
import { taskFolder } from './workingFolder.ts';

export interface DiskOptions {
  /** This process's own, one below each of io.tmp.dirs; made when something is first put there. */
  readonly folders: readonly string[];
  /** Of one slot, and of one job on this TaskManager; null: none. */
  readonly slotQuotaBytes: number | null;
  readonly jobQuotaBytes: number | null;
}

/** What threads count together. */
export interface DiskCells {
  /** One a slot. */
  readonly slots: Int32Array<SharedArrayBuffer>;
  /** This one's place among the threads. */
  readonly thread: number;
}

/** A running task, as far as its disk is concerned. */
export interface DiskOwner {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
  readonly slot: number;
  /** Cells of its job, one a thread; undefined: the thread is alone. */
  readonly jobSpace?: Int32Array<SharedArrayBuffer> | undefined;
}

/** One thing that a task keeps on disk: a file, or a folder with one. */
export interface DiskSpace {
  /** Its place, which nobody else uses. */
  readonly path: string;
  /** It is so large by now. Throws TaskError DISK_QUOTA_EXCEEDED, and counts as large as it was then. */
  resize(bytes: number): void;
  /** It is gone. Calls after the first do nothing. */
  release(): void;
}

export class DiskManager {
  readonly #options: DiskOptions;
  readonly #cells: DiskCells;
  readonly #ownJobs = new Map<string, Int32Array<SharedArrayBuffer>>();
  #turn = 0;

  constructor(options: DiskOptions, cells: DiskCells = { slots: newSpaceCells(1), thread: 0 }) {
    this.#options = options;
    this.#cells = cells;
  }

  /** A folder that is the task's alone, made already, or the path of a file beside those. */
  open(owner: DiskOwner, kind: 'folder' | 'file'): DiskSpace {
    const slot = new SpaceBook(this.#cells.slots, this.#cellOf(owner), this.#options.slotQuotaBytes);
    const job = new SpaceBook(this.#jobCells(owner), this.#jobCell(owner), this.#options.jobQuotaBytes);
    const place = this.#spread(owner, kind);
    let held = 0;
    let open = true;
    const change = (pages: number): void => {
      if (!slot.add(pages)) throw overQuota('slot', owner, slot, pages);
      if (job.add(pages)) {
        held += pages;
        return;
      }
      slot.add(-pages);
      throw overQuota('job', owner, job, pages);
    };
    return {
      path: place,
      resize: (bytes) => {
        if (open) change(pagesOf(bytes) - held);
      },
      release: () => {
        open = false;
        change(-held);
      },
    };
  }

  #cellOf({ slot }: DiskOwner): number {
    return slot < this.#cells.slots.length ? slot : 0;
  }

  #jobCell({ jobSpace }: DiskOwner): number {
    return jobSpace === undefined ? 0 : this.#cells.thread;
  }

  #jobCells({ jobId, jobSpace }: DiskOwner): Int32Array<SharedArrayBuffer> {
    if (jobSpace !== undefined) return jobSpace;
    let cells = this.#ownJobs.get(jobId);
    if (cells === undefined) {
      cells = newSpaceCells(1);
      this.#ownJobs.set(jobId, cells);
    }
    return cells;
  }

  /** Folders in turn; one that cannot be used, because its disk is not there or read-only, is passed over while another can. */
  #spread(owner: DiskOwner, kind: 'folder' | 'file'): string {
    const { folders } = this.#options;
    const first = (this.#cells.thread + this.#turn++) % folders.length;
    let failure: Error | null = null;
    for (let step = 0; step < folders.length; step++) {
      const own = folders[(first + step) % folders.length]!;
      const place = taskFolder(own, owner);
      try {
        fs.mkdirSync(kind === 'folder' ? place : own, { recursive: true });
        return kind === 'folder' ? place : `${place}-${this.#turn}.spilled`;
      } catch (error) {
        failure = error as Error;
      }
    }
    throw new TaskError(
      'IO_FAILED',
      `No folder of io.tmp.dirs can be used (${folders.join(', ')}): ${failure?.message}. Make room there, or name another one.`,
      { cause: failure },
    );
  }
}

const MIB = 2 ** 20;

function overQuota(whose: 'slot' | 'job', owner: DiskOwner, book: SpaceBook, pages: number): TaskError {
  const { jobId, slot } = owner;
  const key = `taskmanager.disk.quota.${whose}`;
  const who = whose === 'slot' ? `Slot ${slot}` : `Job ${jobId}`;
  const other = whose === 'slot' ? `job ${jobId}` : `a task in slot ${slot}`;
  const wanted = Math.ceil((book.usedBytes + pages * 4_096) / MIB);
  return new TaskError(
    'DISK_QUOTA_EXCEEDED',
    `${who} would have ${wanted} MB of state and spilled records on this TaskManager's disk (because of ${other}), and ${key} allows ` +
      `${Math.floor((book.quotaBytes ?? 0) / MIB)} MB. Keep less state, spread the job over more slots, or raise ${key}.`,
  );
}
