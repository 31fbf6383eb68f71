// Actors of two processes, over the simulated signals (lossless, and at their worst) and over a journal's.
import { describe, expect, it } from 'vitest';
import { ActorSystem } from '../../src/actors/actorSystem.ts';
import { Component } from '../../src/actors/component.ts';
import { RemoteActors } from '../../src/actors/remote.ts';
import { openJournalSignals } from '../../src/adapters/journalSignals.ts';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import type { Message } from '../../src/core/messages.ts';
import type { DescribeProcess, TaskManagerDescription } from '../../src/core/schema.gen.ts';
import type { Signals } from '../../src/ports/signals.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { receiving } from './stage.ts';

const DESCRIBE: DescribeProcess = { type: 'DescribeProcess', maxAttempts: 3 };

interface Member {
  readonly system: ActorSystem;
  readonly remote: RemoteActors;
  /** maxAttempts of each message that its actor handled. */
  readonly handled: number[];
  ref(
    memberId: string,
    path?: string,
  ): ReturnType<typeof RemoteActors.prototype.ref<DescribeProcess, TaskManagerDescription>>;
  stop(): Promise<void>;
}

function description(taskManagerId: string, registered = true): TaskManagerDescription {
  return {
    type: 'TaskManagerDescription',
    taskManagerId,
    pid: 1,
    registered,
    epoch: 1,
    upMs: 1,
    cpuLoad: 0.5,
    usedHeapBytes: 1,
    memory: null,
    waitingReports: 0,
    attemptCount: 0,
    attempts: [],
    actors: [],
  };
}

class Network {
  readonly clock = new ManualClock();
  readonly #connect: () => Signals;

  constructor(connect: (clock: ManualClock) => () => Signals) {
    this.#connect = connect(this.clock);
  }

  /** A process with an actor that describes it, and one that takes nothing from elsewhere. */
  async join(memberId: string): Promise<Member> {
    const handled: number[] = [];
    const system = new ActorSystem({
      name: 'tm',
      clock: this.clock,
      logger: silentLogger,
      onFailure: (error) => {
        throw error;
      },
    });
    system.context.spawn(
      'describer',
      receiving(
        (message: DescribeProcess) => {
          handled.push(message.maxAttempts);
          if (message.maxAttempts < 0) throw new RangeError('fewer than none');
          const answer = description(memberId);
          const long = { path: 'x'.repeat(1_000), status: 'running', restarts: 0, waitingMessages: 0 } as const;
          return message.maxAttempts > 100 ? { ...answer, actors: new Array(1_000).fill(long) } : answer;
        },
        { accepts: (message: Message) => message.type === 'DescribeProcess' },
      ),
    );
    system.context.spawn(
      'private',
      receiving(() => handled.push(-1)),
    );
    const numbers = { last: 0 };
    const component = new Component(system.context, 'remote', {
      create: ({ clock, guard, background }) =>
        new RemoteActors({
          memberId,
          system,
          signals: this.#connect(),
          clock,
          guard,
          background,
          logger: silentLogger,
          numbers,
        }),
      start: (remote) => remote.start(),
      stop: (remote) => remote.stop(),
    });
    await this.within(component.ref.started);
    const remote = component.current!;
    const ref: Member['ref'] = (id, path = 'tm/describer') => remote.ref(id, path);
    return { system, remote, handled, ref, stop: () => system.stop() };
  }

  async within<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.runUntil(() => settled, 60_000);
    return promise;
  }
}

const topics = [{ name: 'signals', partitions: 1, replicas: 1, config: { 'sluice.durable': 'false' } }];

const NETWORKS: Readonly<Record<string, (clock: ManualClock) => () => Signals>> = {
  'simulated signals': (clock) => {
    const hub = new SimulatedSignalHub({ clock, random: seededRandom(1) });
    return () => hub.connect();
  },
  'signals of a journal': (clock) => {
    const broker = new SimulatedBroker({ clock, random: seededRandom(1) });
    for (const topic of topics) broker.create(topic);
    return () =>
      openJournalSignals({
        journal: broker.connect(),
        clock,
        onError: (error) => {
          throw error;
        },
      });
  },
};

for (const [name, connect] of Object.entries(NETWORKS)) {
  describe(`an actor of another process, over ${name}`, () => {
    it('answers what it is asked, and handles what it is told', async () => {
      const network = new Network(connect);
      const one = await network.join('one');
      const two = await network.join('two');
      expect(one.ref('two').path).toBe('two:tm/describer');
      expect(await network.within(one.ref('two').ask(DESCRIBE, 1_000))).toEqual(description('two'));
      expect(await network.within(two.ref('one').ask(DESCRIBE, 1_000))).toEqual(description('one'));
      expect(one.ref('two').tell({ ...DESCRIBE, maxAttempts: 7 })).toBe('taken');
      await network.clock.runUntil(() => two.handled.length === 2, 1_000);
      expect(two.handled).toEqual([3, 7]);
      expect(one.handled).toEqual([3]);
      await Promise.all([network.within(one.stop()), network.within(two.stop())]);
    });

    it('says so where no actor is at the path, or it takes nothing from elsewhere', async () => {
      const network = new Network(connect);
      const one = await network.join('one');
      const two = await network.join('two');
      for (const path of ['tm/nobody', 'other/describer', 'tm/private', '', 'tm']) {
        const asked = network.within(one.ref('two', path).ask(DESCRIBE, 1_000));
        await expect(asked, path).rejects.toMatchObject({ code: 'UNKNOWN_PATH' });
      }
      expect(two.handled).toEqual([]);
    });

    it('answers with its failure, or that its answer is too large', async () => {
      const network = new Network(connect);
      const one = await network.join('one');
      await network.join('two');
      const failing = one.ref('two').ask({ ...DESCRIBE, maxAttempts: -1 }, 1_000);
      await expect(network.within(failing)).rejects.toMatchObject({
        code: 'REMOTE_FAILURE',
        message: 'fewer than none',
      });
      const large = one.ref('two').ask({ ...DESCRIBE, maxAttempts: 101 }, 5_000);
      await expect(network.within(large)).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
    });

    it('times out where there is no such process', async () => {
      const network = new Network(connect);
      const one = await network.join('one');
      const fromMs = network.clock.monotonic();
      const asked = network.within(one.ref('nobody').ask(DESCRIBE, 700));
      await expect(asked).rejects.toMatchObject({ code: 'ASK_TIMEOUT' });
      expect(network.clock.monotonic() - fromMs).toBe(700);
    });

    it('lets go of whoever waits when this process stops', async () => {
      const network = new Network(connect);
      const one = await network.join('one');
      const asked = expect(one.ref('nobody').ask(DESCRIBE, 60_000)).rejects.toMatchObject({ code: 'ACTOR_STOPPED' });
      await network.within(one.stop());
      await asked;
      expect(one.ref('two').tell(DESCRIBE)).toBe('ACTOR_STOPPED');
    });
  });
}

describe('over signals that lose and repeat', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

  it(`each message is handled at most once, and each ask ends, seed ${seed}`, async () => {
    const network = new Network((clock) => {
      const faults = { maxDelayMs: 20, lossRate: 0.3, duplicateRate: 0.5 };
      const hub = new SimulatedSignalHub({ clock, random: seededRandom(seed), faults });
      return () => hub.connect();
    });
    const one = await network.join('one');
    const two = await network.join('two');
    const asks = Array.from({ length: 100 }, (_, index) =>
      one
        .ref('two')
        .ask({ ...DESCRIBE, maxAttempts: index }, 500)
        .then(
          () => 'answered',
          (error: { code: string }) => error.code,
        ),
    );
    const outcomes = await network.within(Promise.all(asks));
    expect(new Set(two.handled).size).toBe(two.handled.length);
    expect(new Set(outcomes)).toEqual(new Set(['answered', 'ASK_TIMEOUT']));
    const answered = outcomes.filter((outcome) => outcome === 'answered').length;
    expect(answered).toBeLessThanOrEqual(two.handled.length);
  });
});
