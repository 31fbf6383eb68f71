// Faults at random times against a real cluster under jobs that check themselves (workloads.ts): JobManagers, TaskManagers, single tasks and the
// broker, each with faults of its own one after the other, all at once. A seed decides which and when; what they meet is the machine's affair, so a seed gives the same
// kind of run again and not the same run. At the end everything is mended, the last job ends, and the stage judges.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalBroker } from '../../src/adapters/kafka/localBroker.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { CliError } from '../../src/cli/cliError.ts';
import { FaultsStage, untilTrue } from './faultsStage.ts';
import type { ACTS } from './jobs/sabotage.ts';
import { COUNTED, transactional, WINDOWED, type Workload } from './workloads.ts';

/** Between two faults of one kind of process. */
const MIN_PAUSE_MS = 300;
const MAX_PAUSE_MS = 2_500;
/** A broker that is back stays for so long at least: else there is no journal most of the time, and nothing to be seen. */
const BROKER_STAYS_MS = 4_000;
/** Longer than a leader or a TaskManager may be silent, and shorter. */
const MAX_FREEZE_MS = 3_000;
const MAX_AWAY_MS = 4_000;
/** A process that finds no broker for some seconds gives its start up and says so: whoever keeps processes running starts it again. */
const MAX_STARTS = 12;
/** Several faults at once may hold each other up. */
const WAIT_MS = 180_000;
const JOB_SIZE = { count: 12_000, recordsPerSecond: 2_000 };
/** Every workload has its slots although a TaskManager is gone. */
const SETTINGS = [
  'taskmanager.numberOfTaskSlots=3',
  'heartbeat.interval=100 ms',
  'heartbeat.timeout=1 s',
  'restart-strategy.exponential-delay.max-backoff=500 ms',
];

export interface ChaosOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Null: on the embedded journal. */
  readonly broker: LocalBroker | null;
  readonly log: (line: string) => void;
}

export interface ChaosVerdict {
  /** What went wrong; empty where nothing did. */
  readonly faults: readonly string[];
  /** How often each fault was made. */
  readonly made: ReadonlyMap<string, number>;
  readonly jobs: number;
  readonly restarts: number;
  readonly epochs: number;
}

/** Resolves when what it broke is mended. */
type Fault = () => Promise<unknown>;
type Lane = Readonly<Record<string, Fault>>;

export async function runChaos({ seed, durationMs, broker, log }: ChaosOptions): Promise<ChaosVerdict> {
  const stage = await FaultsStage.start({
    ...(broker === null ? { journal: 'embedded' } : { journal: 'kafka', brokers: broker.brokers }),
    taskManagers: 3,
    settings: SETTINGS,
    waitMs: WAIT_MS,
  });
  try {
    const workloads: Workload[] = [COUNTED, WINDOWED, ...(broker === null ? [] : [transactional(broker.brokers)])];
    await Promise.all(workloads.map((workload) => stage.keepJobsRunning(JOB_SIZE, workload)));
    const made = new Map<string, number>();
    const startedAtMs = performance.now();
    let broken = false;
    const inLane = async (lane: (random: () => number) => Lane, index: number): Promise<void> => {
      const random = seededRandom(seed * 10 + index);
      const faults = Object.entries(lane(random));
      for (;;) {
        await sleep(MIN_PAUSE_MS + random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
        const [name, fault] = faults[Math.floor(random() * faults.length)]!;
        if (broken || performance.now() - startedAtMs >= durationMs) return;
        log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s: ${name}`);
        made.set(name, (made.get(name) ?? 0) + 1);
        try {
          await fault();
        } catch (error) {
          broken = true;
          throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
        }
      }
    };
    const lanes = await Promise.allSettled(
      [
        (random: () => number) => jobManagerFaults(stage, random),
        (random: () => number) => taskManagerFaults(stage, random),
        () => taskFaults(stage),
        ...(broker === null ? [] : [(random: () => number) => brokerFaults(broker, random)]),
      ].map(inLane),
    );
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    log('everything is mended; the last jobs end');
    await stage.endJobs();
    return {
      faults: await stage.faults({ restarts: 'any' }),
      made,
      jobs: stage.jobs.length,
      restarts: stage.count('JobRestarting'),
      epochs: stage.epoch,
    };
  } finally {
    await stage.stop();
  }
}

async function untilUp(start: () => Promise<unknown>): Promise<void> {
  for (let starts = 1; ; starts++) {
    try {
      await start();
      return;
    } catch (error) {
      if (starts === MAX_STARTS || !(error instanceof CliError) || error.code !== 'PROCESS_FAILED') throw error;
    }
  }
}

function jobManagerFaults(stage: FaultsStage, random: () => number): Lane {
  /** Also where leadership has just been lost and none has taken it. */
  const leader = async () => {
    const processes = await stage.cluster.dir.liveProcesses('jobmanager');
    return processes.find(({ id }) => id === stage.leaderId) ?? processes[0]!;
  };
  return {
    'kill the leader': async () => {
      const { id } = await stage.kill((await leader()).id);
      await untilUp(() => stage.startJobManager(id));
    },
    'freeze the leader': async () => {
      const { id } = await stage.cluster.signal((await leader()).id, 'SIGSTOP');
      await sleep(random() * MAX_FREEZE_MS);
      await stage.cluster.signal(id, 'SIGCONT');
    },
    'stop the leader in order': async () => {
      const { id } = await leader();
      // Without a journal it cannot hand over, and ends all the same.
      await stage.cluster.run('jobmanager stop', '--id', id);
      await untilUp(() => stage.startJobManager(id));
    },
    'kill all JobManagers': async () => {
      const processes = await stage.cluster.dir.liveProcesses('jobmanager');
      await Promise.all(processes.map(({ id }) => stage.kill(id)));
      await sleep(random() * MAX_AWAY_MS);
      await Promise.all(processes.map(({ id }) => untilUp(() => stage.startJobManager(id))));
    },
  };
}

function taskManagerFaults(stage: FaultsStage, random: () => number): Lane {
  /** One that runs tasks, if any does. */
  const victim = async () => {
    const processes = await stage.cluster.dir.liveProcesses('taskmanager');
    const busy = processes.filter(({ id }) =>
      stage.watch.state.taskManagers.get(id)?.slots.some(({ owner }) => owner !== null),
    );
    const some = busy.length > 0 ? busy : processes;
    return some[Math.floor(random() * some.length)]!;
  };
  return {
    'kill a TaskManager': async () => {
      await stage.kill((await victim()).id);
      await untilUp(() => stage.startTaskManager());
    },
    'freeze a TaskManager': async () => {
      const { id } = await stage.cluster.signal((await victim()).id, 'SIGSTOP');
      await sleep(random() * MAX_FREEZE_MS);
      await stage.cluster.signal(id, 'SIGCONT');
    },
    'stop a TaskManager in order': async () => {
      await stage.cluster.run('taskmanager stop', '--id', (await victim()).id);
      await untilUp(() => stage.startTaskManager());
    },
  };
}

/** One subtask of whichever job is first to see it. */
function taskFaults(stage: FaultsStage): Lane {
  const file = stage.sabotageFile;
  const told = (act: (typeof ACTS)[number]) => async () => {
    fs.writeFileSync(`${file}.new`, act);
    fs.renameSync(`${file}.new`, file);
    await untilTrue(`a task that is told to '${act}'`, () => !fs.existsSync(file), WAIT_MS);
    // Jobs that restart all the time get nowhere, and show nothing.
    await stage.untilCheckpoint();
  };
  return {
    'have a task throw': told('throw'),
    'have a task end its thread': told('exit'),
    'have a task forget a rejected promise': told('reject'),
  };
}

function brokerFaults(broker: LocalBroker, random: () => number): Lane {
  return {
    'kill the broker': async () => {
      await broker.kill('SIGKILL');
      await broker.restart();
      await sleep(BROKER_STAYS_MS);
    },
    'take the broker away': async () => {
      await broker.kill('SIGKILL');
      await sleep(random() * MAX_AWAY_MS);
      await broker.restart();
      await sleep(BROKER_STAYS_MS);
    },
  };
}

export function reportOf({ faults, made, jobs, restarts, epochs }: ChaosVerdict): string {
  const tally = [...made].map(([name, times]) => `${name} ×${times}`).join(', ');
  const ran = `${jobs} jobs, ${restarts} restarts, ${epochs} epochs; ${tally}`;
  return faults.length === 0
    ? `${ran}\nEvery output is that of an undisturbed run, and the ledger is sound.`
    : `${ran}\n${faults.length} FAULTS:\n${faults.join('\n')}`;
}
