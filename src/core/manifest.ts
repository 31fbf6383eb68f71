// The manifest of a checkpoint: all that is needed to start a job from it where no ledger knows it any more. It follows from the ledger
// alone, so that any leader writes the same one. Files are named relative to its own folder, so that a savepoint may be moved.
import type { PendingCheckpoint } from './checkpointState.ts';
import { CorruptLedger } from './errors.ts';
import type { CheckpointPurpose, OperatorInfo } from './schema.gen.ts';
import type { Job } from './state.ts';

export interface ManifestVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** `stateful`: some subtask stored state of it. */
  readonly operators: readonly (OperatorInfo & { readonly stateful: boolean })[];
}

export interface ManifestState {
  /** Index of the vertex. */
  readonly vertex: number;
  readonly subtask: number;
  /** Handle, relative to the manifest's folder. */
  readonly handle: string;
  readonly bytes: number;
  /** Handles of the shared files that it refers to. */
  readonly shared: readonly string[];
}

export interface Manifest {
  readonly jobId: string;
  readonly jobName: string;
  readonly checkpointId: number;
  readonly purpose: CheckpointPurpose;
  /** Unix ms. */
  readonly triggeredAt: number;
  readonly vertices: readonly ManifestVertex[];
  /** Of subtasks that had any. */
  readonly states: readonly ManifestState[];
}

/** Of a checkpoint that every subtask has acked. `folder` is where the manifest will lie. */
export function manifestOf(job: Readonly<Job>, pending: Readonly<PendingCheckpoint>, folder: string): Manifest {
  if (pending.waitingFor.size > 0) throw new CorruptLedger(`checkpoint ${pending.id} has not been acked by all`);
  const relative = (handle: string): string => relativeTo(folder, handle);
  const stateful = new Set<string>();
  for (const { vertex, operators } of pending.states) for (const index of operators) stateful.add(`${vertex}/${index}`);
  return {
    jobId: job.id,
    jobName: job.name,
    checkpointId: pending.id,
    purpose: pending.purpose,
    triggeredAt: pending.triggeredAt,
    vertices: job.vertices.map(({ index: vertex, info, subtasks }) => ({
      id: info.id,
      name: info.name,
      parallelism: subtasks.length,
      maxParallelism: info.maxParallelism,
      operators: info.operators.map((operator, index) => ({
        ...operator,
        stateful: stateful.has(`${vertex}/${index}`),
      })),
    })),
    states: pending.states
      .filter(({ handle }) => handle !== '')
      .map(({ vertex, subtask, handle, bytes, shared }) => ({
        vertex,
        subtask,
        handle: relative(handle),
        bytes,
        shared: shared.map(relative),
      }))
      .sort((a, b) => a.vertex - b.vertex || a.subtask - b.subtask),
  };
}

/** What lies in the folder, or beside it, by a path that holds wherever both are moved together. */
function relativeTo(folder: string, handle: string): string {
  if (handle.startsWith(`${folder}/`)) return handle.slice(folder.length + 1);
  const parent = `${folder.slice(0, folder.lastIndexOf('/'))}/`;
  return handle.startsWith(parent) ? `../${handle.slice(parent.length)}` : handle;
}

/** The manifest's handle, where its folder is. */
export function handleIn(folder: string, relative: string): string {
  if (!relative.startsWith('../')) return isElsewhere(relative) ? relative : `${folder}/${relative}`;
  return `${folder.slice(0, folder.lastIndexOf('/'))}/${relative.slice(3)}`;
}

function isElsewhere(handle: string): boolean {
  return handle.startsWith('/') || /^[a-z][a-z0-9+.-]*:/.test(handle);
}
