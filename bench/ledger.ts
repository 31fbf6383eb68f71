// A ledger of a working cluster, made by the product's own decisions: TaskManagers come and go, jobs of several sizes are submitted,
// deployed, run and finish, eight at a time, and expire in the end. The events are the same whatever the number of events a Commit, and from run to run.
import fs from 'node:fs';
import { encodeMessage } from '../src/codec/codec.ts';
import { policyOf } from '../src/config/policy.ts';
import { loadConfig } from '../src/config.ts';
import { propose } from '../src/core/decide.ts';
import type { Input, Policy } from '../src/core/inputs.ts';
import { applyRecord, type LedgerRecord } from '../src/core/ledger.ts';
import type { AttemptState, ClusterEvent, JobGraph, JobOptions, SubmitJob } from '../src/core/schema.gen.ts';
import { emptyState, isLive } from '../src/core/state.ts';

/** Time of the first record. */
export const START = Date.UTC(2026, 0, 1);
const TASK_MANAGERS = 20;
const SLOTS = 8;
const CONCURRENT_JOBS = 8;
/** After so many jobs a new TaskManager takes the place of one that is idle. */
const JOBS_PER_TASK_MANAGER = 50;
/** Ended jobs that have not expired: those of an hour of a busy cluster. */
const REMEMBERED_JOBS = 1_000;
const PARALLELISMS = [1, 2, 2, 4, 4, 8, 16];
const PARTS_PER_WRITE = 10_000;
export const POLICY: Policy = { ...policyOf(loadConfig(null)), load: new Map() };
const OPTIONS: JobOptions = {
  priority: 0,
  startAt: null,
  parentJobId: null,
  waitForParent: false,
  restartStrategy: null,
  checkpointing: null,
  savepointPath: null,
  allowNonRestoredState: false,
};

export interface LedgerSize {
  readonly events: number;
  readonly eventsPerCommit: number;
}

/** A Claim, then Commits that hold exactly `events` events together. */
export function* ledgerOf({ events, eventsPerCommit }: LedgerSize): Generator<LedgerRecord> {
  yield { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: START };
  let seq = 0;
  let gathered: ClusterEvent[] = [];
  let left = events;
  for (const event of clusterEvents()) {
    gathered.push(event);
    left--;
    if (gathered.length < eventsPerCommit && left > 0) continue;
    seq++;
    const causes = [{ topic: 'status', partition: seq % 8, offset: seq >> 3 }];
    yield { type: 'Commit', epoch: 1, seq, at: START + seq, causes, events: gathered };
    gathered = [];
    if (left === 0) return;
  }
}

/** Endless. */
function* clusterEvents(): Generator<ClusterEvent> {
  const state = emptyState();
  applyRecord(state, { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: START }, 0);
  const decide = (input: Input): ClusterEvent[] =>
    propose(state, [{ at: state.at + 1, cause: null, input }], POLICY).flatMap((commit) => [...commit.events]);

  /** One report a TaskManager, as each sends them. */
  function* report(jobId: string, reported: AttemptState): Generator<ClusterEvent> {
    const live = state.jobs
      .get(jobId)!
      .vertices.flatMap((vertex) => vertex.subtasks)
      .filter((subtask) => isLive(subtask.state));
    for (const taskManagerId of new Set(live.map((subtask) => subtask.slot!.taskManagerId))) {
      const attempts = live
        .filter((subtask) => subtask.slot!.taskManagerId === taskManagerId)
        .map(({ vertex, index, attempt }) => ({
          ...{ jobId, vertex, subtask: index, attempt },
          ...{ state: reported, reason: null, recordsIn: 0, recordsOut: 0 },
        }));
      yield* decide({ type: 'TaskReport', taskManagerId, attempts });
    }
  }

  yield* decide({ type: 'ClaimCounted', leaderId: 'jm-1', restAddress: 'http://127.0.0.1:8081' });
  for (let index = 0; index < TASK_MANAGERS; index++) yield* decide(registration(index));
  const running: string[] = [];
  const remembered: string[] = [];
  let lastReplacedAt = 0;
  for (let job = 0; ; job++) {
    const submission = submissionOf(job);
    yield* decide(submission);
    yield* report(submission.jobId, 'RUNNING');
    running.push(submission.jobId);
    if (running.length >= CONCURRENT_JOBS) {
      const ended = running.shift()!;
      yield* report(ended, 'FINISHED');
      // Nothing looks at it again here, and a long ledger must not fill the memory of its maker.
      state.jobs.delete(ended);
      remembered.push(ended);
      if (remembered.length > REMEMBERED_JOBS) yield { type: 'JobExpired', jobId: remembered.shift()! };
    }
    if (job - lastReplacedAt < JOBS_PER_TASK_MANAGER) continue;
    const idle = [...state.taskManagers.values()].find(({ slots }) => slots.every(({ owner }) => owner === null));
    if (idle === undefined) continue;
    yield* decide({ type: 'TaskManagerStopping', taskManagerId: idle.id, reason: 'SIGTERM' });
    yield* decide(registration(TASK_MANAGERS + job));
    lastReplacedAt = job;
  }
}

function registration(index: number): Input {
  return {
    type: 'RegisterTaskManager',
    taskManagerId: `tm-${index}-${hex(index, 6)}`,
    pid: 1_000 + index,
    host: '127.0.0.1',
    dataPort: 40_000 + (index % 20_000),
    slots: SLOTS,
    managedMemoryBytes: 8 * 2 ** 30,
    attempts: [],
    requestId: null,
    registration: 1,
  };
}

function submissionOf(job: number): SubmitJob {
  const parallelism = PARALLELISMS[job % PARALLELISMS.length]!;
  return {
    type: 'SubmitJob',
    commandId: hex(job + 1_000_000, 32),
    jobId: hex(job, 32),
    name: `WordCount ${job}`,
    artifact: { sha256: hex(7, 64), name: 'wordcount.ts' },
    args: ['--input', '/data/text'],
    parallelism,
    graph: graphOf(parallelism),
    options: OPTIONS,
  };
}

/** Two vertices with an all-to-all exchange between them, checkpointed every second. */
export function wideSubmission(parallelism: number): SubmitJob {
  const submission = submissionOf(parallelism);
  const graph = graphOf(parallelism);
  const vertices = graph.vertices.map((vertex) => ({ ...vertex, maxParallelism: Math.max(128, parallelism) }));
  const checkpointing = {
    intervalMs: 10,
    minPauseMs: 0,
    timeoutMs: 600_000,
    maxConcurrent: 1,
    toleratedFailures: 0,
    retained: 1,
    retention: null,
    unaligned: null,
    alignedTimeoutMs: null,
  };
  const options = { ...OPTIONS, checkpointing };
  return { ...submission, parallelism, graph: { ...graph, vertices }, options };
}

function graphOf(parallelism: number): JobGraph {
  const vertex = (index: number, name: string, operators: readonly string[]) => ({
    id: hex(index + 100, 32),
    name,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    coLocationGroup: null,
    operators: operators.map((operator, number) => ({ uid: hex(index * 10 + number, 32), name: operator })),
  });
  return {
    hash: hex(parallelism, 64),
    vertices: [
      { ...vertex(0, 'Source: Text File -> Split', ['Source: Text File', 'Split']), inputs: [] },
      { ...vertex(1, 'Count -> Sink', ['Count', 'Sink']), inputs: [{ source: 0, strategy: 'HASH' }] },
    ],
  };
}

/** Distinct for distinct numbers, and of the length that ids have. */
function hex(value: number, length: number): string {
  return (Math.imul(value + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(8).slice(0, length);
}

export interface LedgerFile {
  readonly records: number;
  readonly bytes: number;
}

/** The records' values, each behind its length as 32 bits. */
export function writeLedgerFile(file: string, size: LedgerSize): LedgerFile {
  const handle = fs.openSync(file, 'w');
  let records = 0;
  let bytes = 0;
  let parts: Uint8Array[] = [];
  try {
    for (const record of ledgerOf(size)) {
      const value = encodeMessage(record);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(value.length);
      parts.push(length, value);
      records++;
      bytes += value.length;
      if (parts.length < PARTS_PER_WRITE) continue;
      fs.writeSync(handle, Buffer.concat(parts));
      parts = [];
    }
    fs.writeSync(handle, Buffer.concat(parts));
  } finally {
    fs.closeSync(handle);
  }
  return { records, bytes };
}

export function readLedgerFile(file: string): Uint8Array[] {
  const all = fs.readFileSync(file);
  const values: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32BE(at);
    values.push(all.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return values;
}
