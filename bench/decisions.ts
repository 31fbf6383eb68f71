// The coordinator's own work on a wide job, without any journal: how long it takes to decide, fold, encode and turn into effects the
// submission, the reports, a checkpoint's acks and the loss of a TaskManager, at several sizes, so that what is not linear shows.
import { encodeMessage } from '../src/codec/codec.ts';
import { propose } from '../src/core/decide.ts';
import { effectsOf } from '../src/core/effects.ts';
import type { Input } from '../src/core/inputs.ts';
import { applyRecord } from '../src/core/ledger.ts';
import type { Commit } from '../src/core/schema.gen.ts';
import { type ClusterState, emptyState } from '../src/core/state.ts';
import { POLICY, START, wideSubmission } from './ledger.ts';

/** Between two decisions, in the ledger's time: at least the interval of the job's checkpoints. */
const STEP_MS = 10;

export interface DecisionTimes {
  readonly deployMs: number;
  readonly runningMs: number;
  readonly acksMs: number;
  readonly lossMs: number;
  /** Of the Commits and of the assignments of the deployment. */
  readonly commitBytes: number;
  readonly assignmentBytes: number;
}

/** One job of 2 × `parallelism` subtasks on so many TaskManagers, from its submission to the loss of a TaskManager. */
export function decideWide(parallelism: number, taskManagers: number): DecisionTimes {
  const state = emptyState();
  const replica = emptyState();
  const claim = { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: START } as const;
  let offset = 0;
  for (const each of [state, replica]) applyRecord(each, claim, offset);
  let commitBytes = 0;
  let assignmentBytes = 0;
  /** As a leader does it: decided on the speculative state, encoded, folded again when read back, and its effects encoded. */
  const decide = (...inputs: readonly Input[]): Commit[] => {
    const envelopes = inputs.map((input) => ({ at: state.at + STEP_MS, cause: null, input }));
    const commits = propose(state, envelopes, POLICY);
    for (const commit of commits) {
      commitBytes += encodeMessage(commit).length;
      applyRecord(replica, commit, ++offset);
      for (const effect of effectsOf(commit.events, replica))
        if (effect.type === 'Assign') assignmentBytes += encodeMessage(effect.message).length;
    }
    return commits;
  };
  const timed = (work: () => void): number => {
    const startedAtMs = performance.now();
    work();
    return performance.now() - startedAtMs;
  };

  decide({ type: 'ClaimCounted', leaderId: 'jm-1', restAddress: 'http://127.0.0.1:8081' });
  const slots = Math.ceil(parallelism / taskManagers);
  const ids = Array.from({ length: taskManagers }, (_, index) => `tm-${index}`);
  for (const [index, taskManagerId] of ids.entries()) {
    decide({
      type: 'RegisterTaskManager',
      taskManagerId,
      pid: 1_000 + index,
      host: '127.0.0.1',
      dataPort: 40_000 + index,
      slots,
      managedMemoryBytes: 8 * 2 ** 30,
      attempts: [],
      requestId: null,
      registration: 1,
    });
  }
  const submission = wideSubmission(parallelism);
  const { jobId } = submission;
  commitBytes = 0;
  assignmentBytes = 0;
  const deployMs = timed(() => decide(submission));
  const sizes = { commitBytes, assignmentBytes };
  const reports = ids.map((id) => running(replica, jobId, id));
  const runningMs = timed(() => decide(...reports));
  decide({ type: 'DeadlinePassed' });
  const answers = ids.map((id) => acks(replica, jobId, id));
  const acksMs = timed(() => decide(...answers, { type: 'ManifestWritten', jobId, checkpointId: 1 }));
  const completed = replica.jobs.get(jobId)!.checkpoints.completed.length;
  if (completed !== 1) throw new Error(`${completed} checkpoints are complete, not one`);
  const lossMs = timed(() =>
    decide({ type: 'TaskManagerGone', taskManagerId: ids[0]!, reason: 'its connection broke' }),
  );
  if (replica.jobs.get(jobId)!.status.kind !== 'RESTARTING') throw new Error('the job does not restart');
  return { deployMs, runningMs, acksMs, lossMs, ...sizes };
}

function subtasksOn(state: ClusterState, jobId: string, taskManagerId: string) {
  return state.jobs
    .get(jobId)!
    .vertices.flatMap(({ subtasks }) => subtasks)
    .filter(({ slot }) => slot?.taskManagerId === taskManagerId)
    .map(({ vertex, index, attempt }) => ({ vertex, subtask: index, attempt }));
}

function running(state: ClusterState, jobId: string, taskManagerId: string): Input {
  const attempts = subtasksOn(state, jobId, taskManagerId).map((task) => ({
    ...{ jobId, ...task },
    ...{ state: 'RUNNING' as const, reason: null, recordsIn: 0, recordsOut: 0 },
  }));
  return { type: 'TaskReport', taskManagerId, attempts };
}

function acks(state: ClusterState, jobId: string, taskManagerId: string): Input {
  const answers = subtasksOn(state, jobId, taskManagerId).map((task) => ({
    ...task,
    handle: '',
    bytes: 0,
    shared: [],
    operators: [],
    metrics: null,
    inputEnded: false,
  }));
  return { type: 'CheckpointReport', taskManagerId, jobId, checkpointId: 1, acks: answers, declines: [], damaged: [] };
}
