// What a seed stands for: the size of the cluster, its settings, and which faults its run meets how often. Drawn once at the start; each run
// leaves most kinds of fault out, since some bugs show only where others do not interfere.
import type { SimulatedFaults } from '../../src/adapters/simulated/faults.ts';
import type { SignalFaults } from '../../src/adapters/simulated/signals.ts';
import { DEFAULT_CHECKPOINT_POLICY } from '../../src/core/checkpointConfig.ts';
import type { DynamicPolicy, FixedPolicy } from '../../src/core/inputs.ts';
import { NO_RESTART } from '../../src/core/restartStrategy.ts';
import type { RestartStrategy } from '../../src/core/schema.gen.ts';
import { Chance } from './chance.ts';
import type { OutsideFaults } from './outside.ts';

export const MISHAPS = [
  'killJobManager',
  'stopJobManager',
  'pauseJobManager',
  'killTaskManager',
  'stopTaskManager',
  'pauseTaskManager',
  'cutFromBroker',
  'cutFromSignals',
  'brokerAway',
  'pauseClient',
  'clockJump',
  'assignmentsExpire',
] as const;
export type Mishap = (typeof MISHAPS)[number];

export interface TaskFaults {
  readonly failRate: number;
  readonly declineRate: number;
  /** A checkpoint's barrier that does not arrive before the faults end. */
  readonly silenceRate: number;
  readonly slowCancelRate: number;
  /** Of stored states, those that cannot be read back. */
  readonly damageRate: number;
}

export interface Scenario {
  readonly seed: number;
  /** Nothing goes wrong, so nothing may seem to. */
  readonly calm: boolean;
  readonly jobManagers: number;
  /** Slots of each TaskManager. */
  readonly slots: readonly number[];
  readonly clients: number;
  /** How long faults last, virtual ms. */
  readonly faultMs: number;
  readonly meanMishapMs: number;
  readonly mishaps: readonly Mishap[];
  readonly journal: Partial<SimulatedFaults>;
  readonly signals: Partial<SignalFaults>;
  readonly tasks: TaskFaults;
  readonly outside: OutsideFaults;
  readonly meanSubmitMs: number;
  readonly meanCommandMs: number;
  /** Null: no strangers. */
  readonly meanJunkMs: number | null;
  readonly maxJobs: number;
  readonly policy: FixedPolicy;
  /** Furthest that a process's wall clock is off, ms. */
  readonly clockSkewMs: number;
}

/** Kinds of mishap that a run meets, at most. */
const MAX_MISHAPS = 5;
/** Share of the runs without any fault: there the work itself is the test. */
const CALM_RATE = 0.08;

export function scenarioOf(seed: number): Scenario {
  const chance = new Chance(seed, 'scenario');
  const calm = chance.holds(CALM_RATE);
  const taskManagers = chance.weighted([
    [2, 1],
    [4, 2],
    [3, 3],
  ]);
  const mishaps = new Set<Mishap>();
  for (let count = chance.whole(1, MAX_MISHAPS); count > 0; count--) mishaps.add(chance.pick(MISHAPS));
  return {
    seed,
    calm,
    jobManagers: chance.weighted([
      [1, 1],
      [4, 2],
      [4, 3],
    ]),
    slots: Array.from({ length: taskManagers }, () => chance.whole(1, 4)),
    clients: chance.whole(1, 2),
    faultMs: chance.whole(4_000, 16_000),
    meanMishapMs: chance.whole(400, 2_500),
    mishaps: calm ? [] : [...mishaps],
    journal: { ...drawDelays(chance), ...(calm ? {} : drawJournalFaults(chance)) },
    signals: calm ? {} : drawSignalFaults(chance),
    tasks: {
      failRate: calm ? 0 : rate(chance, 0.5, 0.25),
      declineRate: rate(chance, 0.3, 0.05),
      silenceRate: rate(chance, 0.3, 0.05),
      slowCancelRate: rate(chance, 0.2, 0.3),
      damageRate: calm ? 0 : rate(chance, 0.3, 0.3),
    },
    outside: { failRate: rate(chance, 0.3, 0.4), unplannableRate: rate(chance, 0.5, 0.3) },
    meanSubmitMs: chance.whole(300, 2_000),
    meanCommandMs: chance.whole(300, 2_500),
    meanJunkMs: chance.holds(0.25) ? chance.whole(300, 3_000) : null,
    maxJobs: chance.whole(2, 12),
    policy: { ...drawPolicy(chance), dynamic: drawDynamic(new Chance(seed, 'dynamic')) },
    clockSkewMs: chance.holds(0.3) ? chance.whole(1, 3_000) : 0,
  };
}

/** 0, or where the coin says so a rate up to `max`. */
function rate(chance: Chance, probability: number, max: number): number {
  return chance.holds(probability) ? chance.between(0, max) : 0;
}

function drawDelays(chance: Chance): Partial<SimulatedFaults> {
  return chance.holds(0.6) ? { minDelayMs: 0.1, maxDelayMs: 2 } : { minDelayMs: 0.2, maxDelayMs: chance.whole(3, 40) };
}

function drawJournalFaults(chance: Chance): Partial<SimulatedFaults> {
  return {
    lostRequestRate: rate(chance, 0.4, 0.08),
    lostResponseRate: rate(chance, 0.4, 0.08),
    lateLandingRate: rate(chance, 0.4, 0.12),
    duplicateRate: rate(chance, 0.4, 0.2),
    landingSpreadMs: chance.whole(10, 3_000),
    requestTimeoutMs: chance.whole(150, 1_500),
  };
}

function drawSignalFaults(chance: Chance): Partial<SignalFaults> {
  return {
    minDelayMs: 0.1,
    maxDelayMs: chance.holds(0.5) ? 2 : chance.whole(5, 150),
    lossRate: rate(chance, 0.4, 0.3),
    duplicateRate: rate(chance, 0.3, 0.1),
  };
}

/** Short enough that a run sees jobs shrink, grow and move. */
function drawDynamic(chance: Chance): DynamicPolicy | null {
  if (chance.holds(0.6)) return null;
  return {
    startTimeoutMs: chance.whole(0, 1_500),
    stabilizationMs: chance.whole(0, 500),
    cooldownMs: chance.whole(200, 1_500),
    minGain: chance.between(0.05, 0.3),
  };
}

function drawPolicy(chance: Chance): Omit<FixedPolicy, 'dynamic'> {
  return {
    faultTransferDelayMs: chance.whole(100, 1_500),
    restart: chance.holds(0.4) ? null : drawRestartStrategy(chance),
    loadBalance: chance.pick(['none', 'slots', 'tasks'] as const),
    // Longer than any copy of a submission may be late.
    jobExpirationMs: chance.holds(0.8) ? 3_600_000 : chance.whole(12_000, 20_000),
    checkpoints: { ...DEFAULT_CHECKPOINT_POLICY, retained: chance.whole(1, 2) },
    savepointDirectory: chance.holds(0.8) ? '/savepoints' : null,
    agingMs: chance.pick([0, 500, 10_000]),
    starvationLimitMs: chance.pick([1_000, 5_000, 300_000]),
    snapshots: {
      intervalEvents: chance.whole(10, 300),
      intervalMs: chance.whole(500, 60_000),
      retained: chance.whole(1, 3),
      retainEvents: chance.pick([0, 50, 100_000]),
    },
    driver: chance.holds(0.7)
      ? null
      : {
          slotsPerTaskManager: chance.whole(1, 3),
          maxTaskManagers: chance.whole(2, 5),
          requestTimeoutMs: chance.whole(1_000, 4_000),
          idleTimeoutMs: chance.whole(500, 5_000),
        },
  };
}

export function drawRestartStrategy(chance: Chance): RestartStrategy {
  const delayMs = chance.whole(0, 800);
  switch (chance.whole(0, 3)) {
    case 0:
      return NO_RESTART;
    case 1:
      return { ...NO_RESTART, kind: 'FIXED_DELAY', attempts: chance.whole(-1, 6), delayMs };
    case 2:
      return {
        ...NO_RESTART,
        kind: 'EXPONENTIAL_DELAY',
        attempts: chance.whole(-1, 5),
        delayMs: Math.max(1, delayMs >> 2),
        maxDelayMs: 2_000,
        backoffMultiplier: chance.pick([1, 1.5, 2]),
        resetAfterMs: chance.whole(1_000, 10_000),
      };
    default:
      return {
        ...NO_RESTART,
        kind: 'FAILURE_RATE',
        maxFailures: chance.whole(1, 5),
        intervalMs: chance.whole(1_000, 10_000),
        delayMs,
      };
  }
}
