// One run from one seed: a cluster at work under faults, then healed and brought to rest, with every invariant checked after each step. Time
// is virtual and all chance comes from the seed, so the same seed gives the same run to the byte.
import { createHash } from 'node:crypto';
import { encodeMessage } from '../../src/codec/codec.ts';
import type { LedgerRecord } from '../../src/core/ledger.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { Mishaps } from './mishaps.ts';
import { unrest } from './rest.ts';
import { scenarioOf } from './scenario.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

/** From the end of the faults until the first look whether the cluster is at rest. */
const SETTLE_MS = 1_500;
/** Longest virtual time from the end of the faults to rest. */
const REST_LIMIT_MS = 60_000;
/** At rest nothing may change for so long. */
const QUIET_MS = 1_500;
/** Between two looks whether the cluster is at rest. */
const REST_LOOK_MS = 100;
/** Lines of the story that a failed run shows. */
const STORY_LINES = 60;

const topics = loadTopicSpecs();

export interface Run {
  readonly seed: number;
  /** Null where every invariant held. */
  readonly violation: string | null;
  /** The last lines of what happened; empty where all was well. */
  readonly story: readonly string[];
  readonly steps: number;
  readonly records: number;
  readonly epochs: number;
  readonly jobs: number;
  readonly virtualMs: number;
  /** Hash of every record of `events` with its offset. */
  readonly ledger: string;
}

/** `trace` is given every line of the story as it happens. */
export async function simulate(seed: number, trace: ((line: string) => void) | null = null): Promise<Run> {
  const scenario = scenarioOf(seed);
  const story: string[] = [];
  const tell = (line: string): void => {
    const stamped = `+${(world.clock.monotonic() / 1_000).toFixed(3)} ${line}`;
    trace?.(stamped);
    story.push(stamped);
    if (story.length > 2 * STORY_LINES) story.splice(0, STORY_LINES);
  };
  const world: World = new World(scenario, topics, tell);
  const { clock, oracle } = world;
  const ledger = createHash('sha256');
  oracle.onFolded = (record, offset, counted) => {
    ledger.update(`${offset} ${counted} `).update(encodeMessage(record));
    tell(`${counted ? '' : 'void: '}${describe(record, offset)}`);
  };
  const onUnhandled = (error: unknown): void =>
    oracle.fail(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onUnhandled);
  let steps = 0;
  /** Lets time pass, checking after each step; false once something was violated. */
  const run = async (ms: number): Promise<boolean> => {
    await clock.runUntil(() => {
      steps++;
      oracle.compare(world.replicas());
      return oracle.violation !== null;
    }, ms);
    return oracle.violation === null;
  };
  const workload = new Workload(world);
  try {
    for (let count = 0; count < scenario.jobManagers; count++) world.startJobManager();
    for (const slots of scenario.slots) world.startTaskManager(slots);
    for (let count = 0; count < scenario.clients; count++) world.startClient();
    const mishaps = new Mishaps(world);
    workload.start();
    mishaps.start();
    world.junk.start();
    if (await run(scenario.faultMs)) {
      tell('faults end');
      workload.stop();
      world.junk.stop();
      mishaps.heal();
      await comeToRest(world, workload, run);
    }
    if (oracle.violation === null) oracle.compareAll(world.replicas());
    if (scenario.calm && (oracle.state.epoch !== 1 || oracle.history.lost > 0))
      oracle.fail(`nothing went wrong, and yet: ${upsets(world)}`);
    // What was rejected last is said to be unhandled only now.
    await clock.settle();
  } catch (error) {
    oracle.fail(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
  return {
    seed,
    violation: oracle.violation,
    story: oracle.violation === null ? [] : story.slice(-STORY_LINES),
    steps,
    records: oracle.records,
    epochs: oracle.state.epoch,
    jobs: oracle.history.jobs.size,
    virtualMs: Math.round(clock.monotonic()),
    ledger: ledger.digest('hex'),
  };
}

async function comeToRest(world: World, workload: Workload, run: (ms: number) => Promise<boolean>): Promise<void> {
  const { oracle, clock } = world;
  const limitMs = clock.monotonic() + REST_LIMIT_MS;
  // Who was cut off until now may not have heard yet how things stand, and what was given up may land yet.
  const { requestTimeoutMs = 0, landingSpreadMs = 0 } = world.scenario.journal;
  if (!(await run(SETTLE_MS + requestTimeoutMs + landingSpreadMs))) return;
  let restless = unrest(world, workload);
  while (restless.length > 0) {
    if (clock.monotonic() >= limitMs)
      return oracle.fail(`not at rest ${REST_LIMIT_MS} ms after the faults ended: ${restless.slice(0, 8).join('; ')}`);
    if (!(await run(REST_LOOK_MS))) return;
    restless = unrest(world, workload);
  }
  const before = upsets(world);
  if (await run(QUIET_MS)) {
    const after = upsets(world);
    if (after !== before) oracle.fail(`at rest, and then something failed: ${before} became ${after}`);
  }
}

/** Changes of leader, restarts and lost TaskManagers so far: at rest there are no more. */
function upsets({ oracle: { state, history } }: World): string {
  return `${state.epoch} epochs, ${history.restarts} restarts, ${history.lost} losses`;
}

function describe(record: LedgerRecord, offset: number): string {
  if (record.type === 'Claim') return `events@${offset} Claim ${record.epoch} by ${record.leaderId}`;
  const causes = record.causes.map(({ topic, partition, offset: at }) => `${topic}/${partition}@${at}`).join(' ');
  const events = record.events.map((event) => {
    const { type, ...fields } = event;
    const job = 'jobId' in event && event.jobId !== '' ? ` job-${Number.parseInt(event.jobId.slice(-6), 16)}` : '';
    const task = 'vertex' in event && 'subtask' in event ? ` ${event.vertex}/${event.subtask}` : '';
    const attempt = 'attempt' in event ? `#${event.attempt}` : '';
    const where = 'taskManagerId' in fields ? ` ${fields.taskManagerId}` : '';
    const checkpoint = 'checkpointId' in event ? ` cp-${event.checkpointId}` : '';
    return `${type}${job}${task}${attempt}${where}${checkpoint}`;
  });
  return `events@${offset} Commit ${record.epoch}/${record.seq} [${causes}] ${events.join(' · ')}`;
}
