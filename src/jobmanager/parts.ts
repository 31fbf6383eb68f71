// The parts of a JobManager as actors under one root, and what is done about a failure of each. What can be made anew from the ledger or
// from what is heard is restarted; what the rest stands on is not, and takes the process with it, in order. A term of leadership that fails
// is over, as any term that ends: the next begins from the log, under a new Claim.
import type { ActorContext } from '../actors/actor.ts';
import type { ActorSystem } from '../actors/actorSystem.ts';
import { Component } from '../actors/component.ts';
import { persistently } from '../actors/persistently.ts';
import { RemotePart } from '../actors/remotePart.ts';
import { always } from '../actors/supervision.ts';
import type { LedgerRecord, Verdict } from '../core/ledger.ts';
import type { JobManagerDescription, JobManagerHeartbeat, TaskManagerHeartbeat } from '../core/schema.gen.ts';
import type { ClusterView } from '../http/clusterView.ts';
import { Election } from './election.ts';
import { Heartbeats } from './heartbeats.ts';
import { InputFeed } from './inputFeed.ts';
import type { Leader } from './leader.ts';
import type { JobManagerOptions, LivenessOptions } from './options.ts';
import { Replica } from './replica.ts';
import { RestPart } from './restPart.ts';
import type { RunningTime } from './runningTime.ts';
import { SnapshotTaker } from './snapshotTaker.ts';
import { TaskManagerWatch } from './taskManagerWatch.ts';
import { Terms } from './terms.ts';

/** What the parts tell and ask the JobManager that they are of. */
export interface PartsOwner {
  readonly options: JobManagerOptions;
  readonly liveness: LivenessOptions;
  readonly time: RunningTime;
  readonly view: ClusterView;
  readonly status: 'new' | 'catchingUp' | 'running' | 'stopping' | 'stopped';
  heartbeat(): JobManagerHeartbeat;
  describe(): JobManagerDescription;
  onRecord(record: LedgerRecord, verdict: Verdict): void;
  onReplicaBatch(): void;
  onTermChanged(change: 'begun' | 'ended'): void;
  onJobManager(heartbeat: JobManagerHeartbeat): void;
}

const NO_LOAD: ReadonlyMap<string, number> = new Map();

export class Parts {
  /** Never restarted: the process ends with either. */
  readonly replica: Replica;
  readonly feed: InputFeed;
  readonly leader: Component<Terms>;
  readonly election: Component<Election>;
  readonly taskManagers: Component<TaskManagerWatch>;
  readonly snapshots: Component<SnapshotTaker>;
  /** From when it listens. */
  remote: RemotePart | null = null;
  /**
   * Epochs that this process has claimed and whose Claim it has not read back: a Claim under its id for any other is an earlier process's.
   * Of no part, since the Claim of one that failed may still count.
   */
  readonly claimed = new Set<number>();
  readonly #system: ActorSystem;
  readonly #root: ActorContext;
  readonly #owner: PartsOwner;
  #heartbeats: Component<Heartbeats> | null = null;
  #rest: Component<RestPart> | null = null;
  /** '' before it was first open, and where REST is off. */
  #restAddress = '';

  constructor(system: ActorSystem, owner: PartsOwner) {
    const root = system.context;
    this.#system = system;
    this.#root = root;
    this.#owner = owner;
    this.replica = this.#spawnReplica();
    this.feed = this.#spawnFeed();
    this.election = this.#spawnElection();
    this.taskManagers = new Component(root, 'task-managers', {
      create: ({ clock }) => new TaskManagerWatch(owner.liveness, owner.time, clock),
    });
    this.leader = this.#spawnLeader();
    this.snapshots = new Component(root, 'snapshots', {
      create: (context) => {
        const { channels, ids, logger, policy } = owner.options;
        const { clock, background } = context;
        return new SnapshotTaker({
          channels,
          clock,
          ids,
          logger,
          background,
          state: this.replica.state,
          policy: policy.snapshots,
        });
      },
      stop: (snapshots) => snapshots.stop(),
    });
  }

  /** The term that this process leads in. */
  get term(): Leader | null {
    return this.leader.current?.current ?? null;
  }

  get restAddress(): string {
    return this.#restAddress;
  }

  /** Rejects with RestError. */
  async openRest(): Promise<void> {
    const { options, view } = this.#owner;
    const { rest, logger } = options;
    if (rest === null) return;
    this.#rest = new Component(this.#root, 'rest', {
      create: (context) =>
        new RestPart({
          host: rest.host,
          // Its address stands in the Claim and is known to others, so it stays.
          port: this.#restAddress === '' ? rest.port : Number(new URL(this.#restAddress).port),
          view,
          logger,
          liveness: {
            onLinked: (id) => this.taskManagers.tell((watch) => watch.onLinked(id)),
            onUnlinked: (id) => this.taskManagers.tell((watch) => watch.onUnlinked(id)),
          },
          onFailure: (error) => context.fail(error),
        }),
      start: async (part) => {
        await part.open();
        this.#restAddress = part.address;
      },
      stop: (part) => part.close(),
    });
    await this.#rest.ref.started;
  }

  /** Resolves when whatever is sent from now on is heard. */
  async listen(): Promise<void> {
    const { options, liveness } = this.#owner;
    const { id: memberId, signals, logger } = options;
    this.#root.spawn('description', {
      create: () => ({ receive: () => this.#owner.describe() }),
      accepts: ({ type }) => type === 'DescribeProcess',
      supervision: always('resume'),
    });
    this.remote = new RemotePart({ memberId, system: this.#system, signals, logger });
    this.#heartbeats = new Component(this.#root, 'heartbeats', {
      create: (context) =>
        new Heartbeats({
          signals,
          clock: context.clock,
          background: context.background,
          logger,
          keepaliveIntervalMs: liveness.keepaliveIntervalMs,
          own: () => this.#owner.heartbeat(),
          onJobManager: context.guard((heartbeat: JobManagerHeartbeat) => this.#owner.onJobManager(heartbeat)),
          onTaskManager: context.guard((heartbeat: TaskManagerHeartbeat) => this.#onTaskManager(heartbeat)),
        }),
      start: async (heartbeats, context) => {
        await persistently(context, logger, () => heartbeats.listen());
        heartbeats.beat();
      },
      stop: (heartbeats) => heartbeats.stop(),
    });
    await Promise.all([this.#heartbeats.ref.started, this.remote.started]);
  }

  beat(): void {
    this.#heartbeats?.tell((heartbeats) => heartbeats.beat());
  }

  #onTaskManager(heartbeat: TaskManagerHeartbeat): void {
    this.taskManagers.tell((watch) =>
      watch.onHeartbeat(heartbeat, this.#owner.view.now(), this.replica.state, this.term),
    );
  }

  #spawnReplica(): Replica {
    const { options } = this.#owner;
    const component: Component<Replica> = new Component(this.#root, 'replica', {
      create: (context) =>
        new Replica(
          { channels: options.channels, clock: context.clock, logger: options.logger },
          {
            onRecord: context.guard((record: LedgerRecord, _offset: number, verdict: Verdict) =>
              this.#owner.onRecord(record, verdict),
            ),
            onBatch: context.guard(() => this.#owner.onReplicaBatch()),
            onJump: () => this.leader.tell((terms) => terms.depose(this.replica.state.leader?.id ?? 'nobody')),
            onFailure: (error) => context.fail(error),
          },
        ),
      stop: (replica) => replica.stop(),
      supervision: always('escalate'),
    });
    return component.current!;
  }

  #spawnFeed(): InputFeed {
    const { channels, logger } = this.#owner.options;
    const component: Component<InputFeed> = new Component(this.#root, 'input-feed', {
      create: (context) =>
        new InputFeed(channels, context.clock, logger, {
          onAvailable: context.guard(() => this.term?.inputsAvailable()),
          onFailure: (error) => context.fail(error),
        }),
      stop: (feed) => feed.stop(),
      supervision: always('escalate'),
    });
    return component.current!;
  }

  #spawnElection(): Component<Election> {
    const { options, liveness, time } = this.#owner;
    const { id, channels, ids, logger } = options;
    return new Component(this.#root, 'election', {
      create: (context) =>
        new Election({
          id,
          channels,
          clock: context.clock,
          ids,
          logger,
          liveness,
          time,
          claimed: this.claimed,
          background: context.background,
          state: this.replica.state,
          eligible: () => this.#owner.status === 'running' && this.term === null,
        }),
      start: (election) => {
        if (this.#owner.status === 'running') election.begin();
      },
      stop: (election) => election.stop(),
    });
  }

  #spawnLeader(): Component<Terms> {
    const { options } = this.#owner;
    const { id, channels, logger } = options;
    const poisoned = new Map<string, string>();
    return new Component(this.#root, 'leader', {
      create: (context) =>
        new Terms({
          context,
          id,
          restAddress: () => this.#restAddress,
          channels,
          policy: () => ({ ...options.policy, load: this.taskManagers.current?.load() ?? NO_LOAD }),
          logger,
          errands: { planner: null, driver: null, checkpoints: null, ...options.errands },
          feed: this.feed,
          state: this.replica.state,
          poisoned,
          claimUnderWay: () => this.election.current?.claimUnderWay ?? false,
          stopped: () => this.#owner.status === 'stopped',
          onChanged: (change) => this.#owner.onTermChanged(change),
        }),
      stop: (terms) => terms.end('the part of the process that leads was stopped'),
    });
  }
}
