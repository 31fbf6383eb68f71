// Runs a scenario: lines that begin with `> ` are inputs, what stands below each is what core decided. The whole file is the expectation,
// so that a change of behaviour is reviewed as a diff.

import type { Input, LoadBalanceMode } from '../../src/core/inputs.ts';
import type { AttemptState, ClusterEvent, JobOptions } from '../../src/core/schema.gen.ts';
import { nextDeadline } from '../../src/core/settle.ts';
import type { Subtask } from '../../src/core/state.ts';
import { Cluster, cancel, chain, fixedDelay, hex, OPTIONS, register, submit } from '../core/cluster.ts';

/** `# …` lines are kept; everything else that is no input is replaced by what really happened. */
export function play(text: string): string {
  const cluster = new Cluster();
  const names = new Map<string, string>();
  const out: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') out.push(line);
    if (!line.startsWith('> ')) continue;
    out.push(line, describe(run(cluster, line.slice(2).trim(), names), names));
  }
  return `${out.join('\n').trim()}\n`;
}

function run(cluster: Cluster, command: string, names: Map<string, string>): ClusterEvent[] {
  const [subject = '', verb = '', ...rest] = command.split(/\s+/);
  const option = (name: string) =>
    rest
      .concat(verb)
      .find((word) => word.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  switch (subject) {
    case 'policy': {
      const loadBalance = (option('balance') ?? cluster.policy.loadBalance) as LoadBalanceMode;
      const dynamic = [verb, ...rest].includes('dynamic') ? DYNAMIC : cluster.policy.dynamic;
      const restart = fixedDelay(Number(option('restarts') ?? 0), Number(option('delay') ?? 1_000));
      cluster.policy = { ...cluster.policy, restart, loadBalance, dynamic };
      return [];
    }
    case 'submit': {
      names.set(hex(verb), verb);
      const group = option('colocated') ?? null;
      const vertices = rest
        .filter((word) => /^\d+$/.test(word))
        .map((word) => ({ parallelism: Number(word), coLocationGroup: group }));
      return cluster.when(submit(verb, chain(...vertices), { options: optionsOf(option) }));
    }
    case 'load': {
      const loads = [verb, ...rest].map((word) => word.split('=') as [string, string]);
      cluster.policy = { ...cluster.policy, load: new Map(loads.map(([id, load]) => [id, Number(load)])) };
      return [];
    }
    case 'pause':
      return cluster.when({ type: 'PauseJob', commandId: `pause-${verb}`, jobId: hex(verb) });
    case 'resume':
      return cluster.when({ type: 'ResumeJob', commandId: `resume-${verb}`, jobId: hex(verb) });
    case 'acks':
      return acks(cluster, verb);
    case 'cancel':
      return cluster.when(cancel(verb));
    case 'claim':
      return cluster.claim(verb);
    case 'wait': {
      cluster.later(Number(verb));
      const due = nextDeadline(cluster.state, cluster.policy);
      return due !== null && due <= cluster.now ? cluster.when({ type: 'DeadlinePassed' }) : [];
    }
    default:
      return cluster.when(said(cluster, subject, verb, rest, option));
  }
}

const DYNAMIC = { startTimeoutMs: 10_000, stabilizationMs: 10_000, cooldownMs: 30_000, minGain: 0.25 };

function optionsOf(option: (name: string) => string | undefined): JobOptions {
  const interval = option('checkpoints');
  const parent = option('parent');
  return {
    ...OPTIONS,
    priority: Number(option('priority') ?? 0),
    parentJobId: parent === undefined ? null : hex(parent),
    waitForParent: option('wait') === 'true',
    checkpointing:
      interval === undefined
        ? null
        : {
            intervalMs: Number(interval),
            minPauseMs: 0,
            timeoutMs: 600_000,
            maxConcurrent: 1,
            toleratedFailures: 0,
            retained: 1,
            retention: null,
            unaligned: null,
            alignedTimeoutMs: null,
          },
  };
}

/** Every task acks the job's oldest checkpoint under way, and its manifest is written. */
function acks(cluster: Cluster, name: string): ClusterEvent[] {
  const job = cluster.job(name);
  const [pending] = job.checkpoints.pending.values();
  if (pending === undefined) throw new Error(`no checkpoint of ${name} is under way`);
  const ids = new Set([...pending.waitingFor].map(({ slot }) => slot?.taskManagerId ?? ''));
  const acked = [...ids].flatMap((taskManagerId) => {
    const tasks = [...pending.waitingFor].filter(({ slot }) => slot?.taskManagerId === taskManagerId);
    const ack = ({ vertex, index: subtask, attempt }: Subtask) => ({
      vertex,
      subtask,
      attempt,
      handle: 'h',
      bytes: 1,
      shared: [],
      operators: [],
      metrics: null,
      inputEnded: false,
    });
    const report = { type: 'CheckpointReport', taskManagerId, jobId: job.id, checkpointId: pending.id } as const;
    return cluster.when({ ...report, acks: tasks.map(ack), declines: [], damaged: [] });
  });
  return [...acked, ...cluster.when({ type: 'ManifestWritten', jobId: job.id, checkpointId: pending.id })];
}

function said(
  cluster: Cluster,
  taskManagerId: string,
  verb: string,
  rest: readonly string[],
  option: (name: string) => string | undefined,
): Input {
  switch (verb) {
    case 'registers':
      return register(taskManagerId, Number(option('slots') ?? 1));
    case 'silent':
      return { type: 'TaskManagerSilent', taskManagerId, silentForMs: 3_000 };
    case 'heard':
      return { type: 'TaskManagerHeard', taskManagerId };
    case 'stops':
      return { type: 'TaskManagerStopping', taskManagerId, reason: 'SIGTERM' };
    case 'running':
    case 'finished':
    case 'canceled':
    case 'failed': {
      const state = verb.toUpperCase() as AttemptState;
      const only = rest.find((word) => /^\d+\/\d+$/.test(word));
      return cluster.report(
        taskManagerId,
        state,
        (task) =>
          (only === undefined || only === `${task.vertex}/${task.index}`) &&
          (option('job') === undefined || task.jobId === hex(option('job') ?? '')),
        'Error: boom',
      );
    }
    default:
      throw new Error(`no such input: ${taskManagerId} ${verb}`);
  }
}

function describe(events: readonly ClusterEvent[], names: Map<string, string>): string {
  if (events.length === 0) return '(nothing)';
  const lines: { type: string; details: string[] }[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    const detail = detailOf(event, names);
    if (last?.type === event.type) last.details.push(detail);
    else lines.push({ type: event.type, details: [detail] });
  }
  return lines.map(({ type, details }) => `${type} ${details.join(' ')}`.trimEnd()).join('\n');
}

function detailOf(event: ClusterEvent, names: Map<string, string>): string {
  if (event.type === 'TaskDeployed')
    return `${event.vertex}/${event.subtask}#${event.attempt}@${event.taskManagerId}/${event.slot}`;
  if (event.type === 'SlotAllocated' || event.type === 'SlotReleased') return `${event.taskManagerId}/${event.slot}`;
  if (event.type === 'SlotOffered') return `${event.slot}`;
  if ('vertex' in event && 'attempt' in event) return `${event.vertex}/${event.subtask}#${event.attempt}`;
  if ('taskManagerId' in event) return event.taskManagerId;
  if (event.type === 'CommandAnswered') return event.rejection ?? 'accepted';
  if (event.type === 'CheckpointTriggered')
    return event.reason === null
      ? `${event.checkpointId}`
      : `${event.checkpointId} for ${event.purpose}: ${event.reason}`;
  if (event.type === 'JobRescaled')
    return `${names.get(event.jobId)} to ${event.parallelisms.join(', ')} of ${event.wanted.join(', ')}: ${event.reason}`;
  if (event.type === 'JobRestarting') return `${names.get(event.jobId)}: ${event.reason.split('\n')[0]}`;
  if (event.type === 'JobQueued') return `${names.get(event.jobId)} needs ${event.slotsNeeded}`;
  if (event.type === 'JobRejected') return event.code;
  if ('jobId' in event) return names.get(event.jobId) ?? event.jobId;
  return 'leaderId' in event ? (event.leaderId ?? '') : '';
}
