// The ledger protocol under any interleaving: claims that race, Commits that are stale, repeated, late or lost. Every replica folds the
// same, what counts is what an independent reading of the rule says, and a leader's speculative state is what its counted Commits fold to.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyState, propose } from '../../src/core/decide.ts';
import { effectsOf, pendingEffects } from '../../src/core/effects.ts';
import { evolve } from '../../src/core/evolve.ts';
import type { Input } from '../../src/core/inputs.ts';
import { violations } from '../../src/core/invariants.ts';
import type { LedgerRecord } from '../../src/core/ledger.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import type { Commit } from '../../src/core/schema.gen.ts';
import { snapshotOf } from '../../src/core/snapshot.ts';
import type { ClusterState, Job } from '../../src/core/state.ts';
import { emptyState, isTerminal } from '../../src/core/state.ts';
import { Cluster, cancel, chain, fixedDelay, OPTIONS, POLICY, register, submit } from './cluster.ts';

const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000_000);
const RUNS = 300;
const CHECKPOINTING = {
  intervalMs: 300,
  minPauseMs: 0,
  timeoutMs: 2_000,
  maxConcurrent: 2,
  toleratedFailures: 1,
  retained: 1,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};
const policy = { ...POLICY, restart: fixedDelay(2, 0) };

/** The rule, written a second time from its text: positions of the records that count. */
function counted(log: readonly LedgerRecord[]): number[] {
  let epoch = 0;
  let seq = 0;
  return log.flatMap((record, position) => {
    if (record.type === 'Claim') {
      if (record.epoch !== epoch + 1) return [];
      epoch++;
      seq = 0;
      return [position];
    }
    if (record.epoch !== epoch || record.seq !== seq + 1) return [];
    seq++;
    return [position];
  });
}

/** A JobManager reduced to the protocol: a replica that lags, and a term that may be over without its knowing. */
interface Process {
  readonly id: string;
  readonly replica: ClusterState;
  term: { readonly epoch: number; readonly speculative: ClusterState; readonly unread: Commit[] } | null;
}

type Step =
  | { readonly do: 'read'; readonly who: number; readonly records: number }
  | { readonly do: 'claim'; readonly who: number }
  | {
      readonly do: 'decide';
      readonly who: number;
      readonly input: number;
      readonly fate: 'once' | 'twice' | 'lost' | 'late';
    }
  | { readonly do: 'resend'; readonly who: number }
  | { readonly do: 'land' };

const who = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('read' as const), who, records: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('claim' as const), who }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      who,
      input: fc.nat(2 * 12 * 60 - 1),
      fate: fc.constantFrom('once' as const, 'once' as const, 'twice' as const, 'lost' as const, 'late' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resend' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('land' as const) }) },
);

/** What a healthy cluster would say next, so that half of the inputs lead somewhere. */
function helpful(state: Readonly<ClusterState>, n: number): Input {
  const reporting = new Cluster();
  Object.assign(reporting.state, state);
  const tm = `tm-${n % 3}`;
  if (!state.taskManagers.has(tm)) return register(tm, 3);
  const jobs = [...state.jobs.values()].filter(({ status }) => !isTerminal(status));
  if (jobs.length === 0) return inputFor(state, 12 * n + 1);
  const here = reporting.report(tm, 'RUNNING').attempts;
  const states = new Set(
    here.map(
      (report) => jobs.find(({ id }) => id === report.jobId)?.vertices[report.vertex]?.subtasks[report.subtask]?.state,
    ),
  );
  if (states.has('DEPLOYING')) return reporting.report(tm, 'RUNNING', ({ state: now }) => now === 'DEPLOYING');
  if (states.has('CANCELING')) return reporting.report(tm, 'CANCELED', ({ state: now }) => now === 'CANCELING');
  if (jobs.some(({ checkpoints }) => checkpoints.pending.size > 0)) return inputFor(state, 12 * (2 * n) + 8);
  return n % 4 === 0 ? reporting.report(tm, 'FINISHED') : { type: 'DeadlinePassed' };
}

function inputFor(state: Readonly<ClusterState>, choice: number): Input {
  const n = Math.floor(choice / 12);
  const reporting = new Cluster();
  Object.assign(reporting.state, state);
  const tm = `tm-${n % 3}`;
  switch (choice % 12) {
    case 0:
      return register(tm, 1 + (n % 4));
    case 1:
      return submit(`job-${n % 5}`, chain({ parallelism: 1 + (n % 3) }, { parallelism: 1 + (n % 2) }), {
        options: { ...OPTIONS, priority: n % 3, checkpointing: CHECKPOINTING },
      });
    case 2:
      return cancel(`job-${n % 5}`, `cancel-${n}`);
    case 3:
      return { type: 'TaskManagerSilent', taskManagerId: tm, silentForMs: 3_000 };
    case 4:
      return { type: 'DeadlinePassed' };
    case 5:
      return reporting.report(tm, 'FAILED', undefined, 'boom');
    case 6:
      return reporting.report(tm, state.seq % 2 === 0 ? 'FINISHED' : 'CANCELED');
    case 8: {
      const job = [...state.jobs.values()].find(({ checkpoints }) => checkpoints.pending.size > 0);
      const checkpointId = [...(job?.checkpoints.pending.keys() ?? [])].at(n % 2) ?? 1;
      if (job?.checkpoints.pending.get(checkpointId)?.waitingFor.size === 0)
        return { type: 'ManifestWritten', jobId: job.id, checkpointId };
      const acks = (job?.vertices ?? [])
        .flatMap((vertex) => vertex.subtasks)
        .filter(({ state: now }) => now === 'RUNNING')
        .slice(n % 2)
        .map(({ vertex, index: subtask, attempt }) => ({
          vertex,
          subtask,
          attempt,
          handle: '',
          bytes: 1,
          shared: [],
          operators: [],
          metrics: null,
          inputEnded: false,
        }));
      return {
        type: 'CheckpointReport',
        taskManagerId: tm,
        jobId: job?.id ?? '',
        checkpointId,
        acks,
        declines: [],
        damaged: [],
      };
    }
    case 9: {
      const paused = [...state.jobs.values()].find(({ status }) => status.kind === 'SUSPENDED');
      const going = [...state.jobs.values()].findLast(
        ({ status }) => !isTerminal(status) && status.kind !== 'SUSPENDED',
      );
      return n % 2 === 0
        ? { type: 'PauseJob', commandId: `pause-${state.seq}`, jobId: going?.id ?? '' }
        : { type: 'ResumeJob', commandId: `resume-${state.seq}`, jobId: paused?.id ?? '' };
    }
    case 10:
      return { type: 'TaskManagerHeard', taskManagerId: tm };
    default:
      return reporting.report(tm, 'RUNNING');
  }
}

function read(process: Process, log: readonly LedgerRecord[], records: number): void {
  for (let n = 0; n < records && process.replica.offset < log.length; n++) {
    const offset = process.replica.offset;
    const record = log[offset];
    if (record === undefined) return;
    const before = process.replica.epoch;
    const verdict = applyRecord(process.replica, record, offset);
    if (process.replica.epoch !== before) {
      // Deposed, or elected: either way the speculative state of before is thrown away.
      const own = record.type === 'Claim' && record.leaderId === process.id && verdict === 'counted';
      process.term = own ? { epoch: process.replica.epoch, speculative: copyState(process.replica), unread: [] } : null;
    }
    if (
      process.term !== null &&
      verdict === 'counted' &&
      record.type === 'Commit' &&
      record.epoch === process.term.epoch
    ) {
      expect(process.term.unread.shift()?.seq, 'own Commits are read back in order').toBe(record.seq);
    }
  }
}

function run(steps: readonly Step[]): { log: LedgerRecord[]; processes: Process[] } {
  const log: LedgerRecord[] = [];
  const flying: Commit[] = [];
  const processes: Process[] = ['a', 'b', 'c'].map((id) => ({ id, replica: emptyState(), term: null }));
  let now = 1_000;
  for (const next of steps) {
    now += 100;
    let process = next.do === 'land' ? undefined : processes[next.who];
    // Someone who believes to lead decides, be it rightly or not.
    if (next.do === 'decide' && process?.term === null)
      process = processes.find((other) => other.term !== null) ?? process;
    if (next.do === 'land') {
      // Out of order on purpose.
      const commit = flying.pop();
      if (commit !== undefined) log.push(commit);
    } else if (process === undefined) {
      throw new Error('no such process');
    } else if (next.do === 'read') {
      read(process, log, next.records);
    } else if (next.do === 'claim') {
      log.push({
        type: 'Claim',
        epoch: process.replica.epoch + 1,
        leaderId: process.id,
        at: Math.max(now, process.replica.at),
      });
    } else if (next.do === 'resend') {
      log.push(...(process.term?.unread ?? []));
    } else if (process.term !== null) {
      const choose = next.input % 2 === 0 ? helpful : inputFor;
      const input = choose(process.term.speculative, Math.floor(next.input / 2));
      for (const commit of propose(process.term.speculative, [{ at: now, cause: null, input }], policy)) {
        process.term.unread.push(commit);
        if (next.fate === 'once' || next.fate === 'twice') log.push(commit);
        if (next.fate === 'twice') log.push(commit);
        if (next.fate === 'late') flying.push(commit);
      }
    }
  }
  // The leaders that believe in themselves send again what they have not read back; then everybody reads all.
  for (const process of processes) log.push(...(process.term?.unread ?? []));
  for (const process of processes) read(process, log, log.length);
  return { log, processes };
}

describe('the ledger protocol', () => {
  it(`folds any interleaving alike on every replica (seed ${SEED})`, () => {
    const many = fc.array(step, { minLength: 20, maxLength: 150 });
    let decided = 0;
    const seen = new Set<string>();
    fc.assert(
      fc.property(many, (steps) => {
        const { log, processes } = run([{ do: 'claim', who: 0 }, { do: 'read', who: 0, records: 1 }, ...steps]);
        const oracle = emptyState();
        const positions = new Set(counted(log));
        for (const [position, record] of log.entries()) {
          const verdict = applyRecord(oracle, record, position);
          expect(verdict).toBe(positions.has(position) ? 'counted' : 'void');
          if (verdict !== 'counted') continue;
          decided++;
          if (record.type === 'Commit') for (const event of record.events) seen.add(event.type);
        }
        expect(violations(oracle)).toEqual([]);
        const restored = emptyState();
        for (const event of snapshotOf(oracle)) evolve(restored, event);
        expect(restored, 'fold(snapshot(fold(log))) is fold(log)').toEqual(oracle);
        for (const { replica, term } of processes) {
          expect(replica).toEqual(oracle);
          if (term === null) continue;
          expect(term.unread).toEqual([]);
          // Its time may be ahead: an input that decided nothing still moved it.
          expect({ ...term.speculative, offset: 0, at: 0, voided: oracle.voided }).toEqual({
            ...oracle,
            offset: 0,
            at: 0,
          });
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(decided).toBeGreaterThan(RUNS * 3);
    // A run that never got that far would prove nothing.
    for (const type of [
      'CheckpointCompleted',
      'CheckpointAborted',
      'JobRestarting',
      'TaskManagerLost',
      'JobFinished',
    ]) {
      expect(seen).toContain(type);
    }
  });

  it('never gives a deposed leader a counted Commit', () => {
    const { state } = new Cluster();
    const deposed = copyState(state);
    const [late] = propose(deposed, [{ at: 2_000, cause: null, input: register('tm-1', 1) }], policy);
    applyRecord(state, { type: 'Claim', epoch: 2, leaderId: 'jm-2', at: 3_000 }, state.offset);
    expect(late && applyRecord(state, late, state.offset)).toBe('void');
    expect(state.taskManagers.size).toBe(0);
    expect(state.voided.commits).toBe(1);
  });
});

/** What matters of a state when two histories are compared: not who led, nor when. */
function essence(state: Readonly<ClusterState>) {
  return {
    jobs: [...state.jobs.values()].map((job: Job) => ({
      id: job.id,
      status: job.status.kind,
      restarts: job.restarts,
      tasks: job.vertices.flatMap((vertex) =>
        vertex.subtasks.map((task) => `${task.state}#${task.attempt}@${task.slot?.taskManagerId}/${task.slot?.index}`),
      ),
      slots: [...job.slots].map((slot) => `${slot.taskManagerId}/${slot.index}`).sort(),
    })),
    taskManagers: [...state.taskManagers.values()].map((tm) => `${tm.id} ${tm.slots.length} ${tm.status.kind}`),
    queue: [...state.queue],
    inputs: state.inputs,
  };
}

describe('a decision that reached the log in part', () => {
  const two = chain({ parallelism: 2 }, { parallelism: 2 });
  const prepared = (...inputs: ((cluster: Cluster) => Input)[]) => {
    const cluster = new Cluster({ restart: fixedDelay(1, 0) });
    for (const input of inputs) cluster.when(input(cluster));
    return cluster;
  };
  const up = [() => register('tm-1', 2), () => register('tm-2', 2)] as const;
  const started = [
    ...up,
    () => submit('job', two),
    (cluster: Cluster) => cluster.report('tm-1', 'RUNNING'),
    (cluster: Cluster) => cluster.report('tm-2', 'RUNNING'),
  ] as const;
  const cases: [string, () => Cluster, (cluster: Cluster) => Input][] = [
    ['a registration', () => prepared(), () => register('tm-1', 3)],
    ['a registration that starts a waiting job', () => prepared(() => submit('job', two)), () => register('tm-1', 2)],
    ['a submission', () => prepared(...up), () => submit('job', two)],
    ['a cancellation', () => prepared(...started), () => cancel('job')],
    [
      'the last task stopping',
      () =>
        prepared(
          ...started,
          () => cancel('job'),
          (c) => c.report('tm-1', 'CANCELED'),
        ),
      (c) => c.report('tm-2', 'CANCELED'),
    ],
    [
      'tasks starting',
      () =>
        prepared(
          ...up,
          () => submit('job', two),
          (c) => c.report('tm-1', 'RUNNING'),
        ),
      (c) => c.report('tm-2', 'RUNNING'),
    ],
    [
      'the last tasks finishing',
      () => prepared(...started, (c) => c.report('tm-1', 'FINISHED')),
      (c) => c.report('tm-2', 'FINISHED'),
    ],
    ['a failure with a restart', () => prepared(...started), (c) => c.report('tm-1', 'FAILED', undefined, 'boom')],
    [
      'the restart itself',
      () => prepared(...started, (c) => c.report('tm-1', 'FAILED', undefined, 'boom')),
      (c) => c.report('tm-2', 'CANCELED'),
    ],
    [
      'a TaskManager leaving',
      () => prepared(...started),
      () => ({ type: 'TaskManagerStopping', taskManagerId: 'tm-2', reason: 'done' }),
    ],
    ['a registration that misses tasks', () => prepared(...started), () => register('tm-1', 2)],
  ];

  it.each(cases)('converges after a crash between any two Commits: %s', (_, given, when) => {
    const whole = given();
    const input = whole.envelope(when(whole));
    const start = copyState(whole.state);
    const commits = propose(whole.state, [input], whole.policy, 0);
    expect(commits.length, 'every event is a Commit of its own').toBeGreaterThan(1);
    expect(commits.map((commit) => commit.causes.length)).toEqual([...commits.slice(1).map(() => 0), 1]);
    const expected = essence(whole.state);
    for (let kept = 0; kept < commits.length; kept++) {
      const state = copyState(start);
      for (const commit of commits.slice(0, kept)) {
        applyRecord(state, commit, state.offset);
        expect(violations(state)).toEqual([]);
      }
      applyRecord(state, { type: 'Claim', epoch: state.epoch + 1, leaderId: 'jm-2', at: state.at }, state.offset);
      const resumed = copyState(state);
      const claimed = {
        at: state.at,
        cause: null,
        input: { type: 'ClaimCounted', leaderId: 'jm-2', restAddress: '' } as const,
      };
      for (const commit of propose(resumed, [claimed, input], whole.policy)) applyRecord(state, commit, state.offset);
      expect(essence(state), `after ${kept} of ${commits.length} Commits`).toEqual(expected);
      expect(violations(state)).toEqual([]);
    }
  });

  it.each(cases)('asks for every effect again, under the next leader: %s', (_, given, when) => {
    const cluster = given();
    cluster.when(when(cluster));
    const last = cluster.log.at(-1);
    const wanted = effectsOf(last?.type === 'Commit' ? last.events : [], cluster.state);
    const live = new Set(cluster.state.taskManagers.keys());
    const pending = JSON.stringify(pendingEffects(cluster.state));
    for (const effect of wanted) {
      if (effect.type !== 'Assign' || !live.has(effect.message.taskManagerId)) continue;
      if (effect.message.type === 'DeployTasks' || effect.message.type === 'CancelTasks')
        expect(pending).toContain(JSON.stringify(effect.message));
    }
  });
});
