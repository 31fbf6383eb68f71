// A broker in memory on a manual clock, and a leader that answers commands as the test says and appends statuses and results by hand.
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededIds, seededRandom } from '../../src/adapters/simulated/random.ts';
import { JobClient } from '../../src/client/jobClient.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import { resultHeaders } from '../../src/codec/resultPosition.ts';
import type { Command } from '../../src/core/inputs.ts';
import type { CommandReply, JobState, JobStatus } from '../../src/core/schema.gen.ts';
import { loadTopicSpecs } from '../../src/topics.ts';

export const SUBMISSION = {
  name: 'wordcount',
  artifact: { sha256: 'a'.repeat(64), name: 'wordcount.ts' },
  args: ['--input', 'text'],
  parallelism: 2,
  graph: { vertices: [], hash: 'b'.repeat(64) },
} as const;

type Answer = Pick<CommandReply, 'rejection' | 'message'> & Partial<Pick<CommandReply, 'path'>>;

export class Stage {
  readonly clock = new ManualClock();
  readonly broker: SimulatedBroker;
  readonly leader: Channels;
  readonly client: JobClient;
  readonly commands: Command[] = [];
  /** What the leader answers; null: nothing. */
  answer: (command: Command) => Answer | null = () => ({ rejection: null, message: 'submitted' });
  #offset = 0;

  static async open(seed: number): Promise<Stage> {
    const stage = new Stage(seed);
    await stage.settled(stage.broker.connect().ensureTopics(loadTopicSpecs()));
    await stage.settled(
      stage.leader.follow('commands', {
        from: () => 'earliest',
        onBatch: ({ deliveries }) => {
          for (const delivery of deliveries) if (delivery.kind === 'message') stage.#take(delivery.message);
        },
        onError: (error) => {
          throw error;
        },
      }),
    );
    return stage;
  }

  private constructor(seed: number) {
    const random = seededRandom(seed);
    this.broker = new SimulatedBroker({ clock: this.clock, random });
    this.leader = this.channels('leader');
    this.client = JobClient.connect({ channels: this.channels('client'), ids: seededIds(random), clock: this.clock });
  }

  channels(source: string): Channels {
    return openChannels(this.broker.connect(), { topics: loadTopicSpecs(), source, now: () => this.clock.now() });
  }

  /** The promise's outcome, letting time pass until there is one. */
  async settled<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let done = false;
    const settle = (): void => {
      done = true;
    };
    promise.then(settle, settle);
    if (!(await this.clock.runUntil(() => done, limitMs))) throw new Error(`nothing came of it in ${limitMs} ms`);
    return promise;
  }

  async until(condition: () => boolean, limitMs = 60_000): Promise<void> {
    if (!(await this.clock.runUntil(condition, limitMs)))
      throw new Error(`did not happen in ${limitMs} ms: ${condition}`);
  }

  async publish(jobId: string, state: JobState, over: Partial<JobStatus> = {}): Promise<void> {
    const message: JobStatus = {
      type: 'JobStatus',
      jobId,
      name: 'wordcount',
      state,
      startTime: 1,
      endTime: -1,
      reason: null,
      offset: ++this.#offset,
      ...over,
    };
    await this.settled(this.leader.append('jobs', [{ key: jobId, message }]));
  }

  /** One record of results. */
  async print(jobId: string, firstLine: number, lines: readonly string[], subtask = 0, attempt = 0): Promise<void> {
    const message = { type: 'ResultBatch', jobId, vertex: 1, subtask, attempt, uid: 'sink', lines } as const;
    const headers = resultHeaders(firstLine);
    await this.settled(this.leader.append('results', [{ key: jobId, message, headers }]));
  }

  async reply(command: Command, { rejection, message, path = null }: Answer): Promise<void> {
    const { commandId } = command;
    const jobId = jobIdOf(command);
    const reply = { type: 'CommandReply', commandId, jobId, rejection, message, path } as const;
    await this.leader.append('replies', [{ key: commandId, message: reply }]);
  }

  #take(command: Command): void {
    this.commands.push(command);
    const answer = this.answer(command);
    // A reply that is lost is one of the things that happen to a client.
    if (answer !== null) this.reply(command, answer).catch(() => {});
  }
}

export function jobIdOf(command: Command): string {
  return 'jobId' in command ? command.jobId : '';
}
