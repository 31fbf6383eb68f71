// What goes wrong while faults last, by the scenario: processes killed, stopped, frozen and cut off, the broker gone, clocks set. All of it
// ends by itself after a while, and at the latest when `heal` is called.
import { Chance } from './chance.ts';
import type { Mishap } from './scenario.ts';
import type { JobManagerMachine, TaskManagerMachine, World } from './world.ts';

/** Share of the mishaps of JobManagers that meet the leader. */
const LEADER_SHARE = 0.65;

export class Mishaps {
  readonly #world: World;
  readonly #chance: Chance;
  /** Undo what still lasts. */
  readonly #lasting = new Set<() => void>();
  #over = false;

  constructor(world: World) {
    this.#world = world;
    this.#chance = new Chance(world.scenario.seed, 'mishaps');
  }

  start(): void {
    const { mishaps, meanMishapMs } = this.#world.scenario;
    if (mishaps.length === 0) return;
    this.#world.clock.after(this.#chance.pauseMs(meanMishapMs), () => {
      if (this.#over) return;
      this.#befall(this.#chance.pick(mishaps));
      this.start();
    });
  }

  /** Everything works from now on: nobody is frozen or cut off, no message is lost. */
  heal(): void {
    this.#over = true;
    for (const undo of [...this.#lasting]) undo();
    const { broker, hub, plane } = this.#world;
    broker.faults = { ...broker.faults, lostRequestRate: 0, lostResponseRate: 0, lateLandingRate: 0, duplicateRate: 0 };
    hub.faults = { ...hub.faults, lossRate: 0, duplicateRate: 0 };
    plane.heal();
    this.#world.outsideFaults = { failRate: 0, unplannableRate: 0 };
  }

  #befall(mishap: Mishap): void {
    const chance = this.#chance;
    const { broker, hub, clock, tell } = this.#world;
    switch (mishap) {
      case 'killJobManager':
        return this.#endJobManager('kill');
      case 'stopJobManager':
        return this.#endJobManager('stop');
      case 'killTaskManager':
        return this.#endTaskManager('kill');
      case 'stopTaskManager':
        return this.#endTaskManager('stop');
      case 'pauseJobManager':
        return this.#pause(this.#jobManager(), chance.between(50, 5_000));
      case 'pauseTaskManager':
        return this.#pause(this.#taskManager(), chance.between(50, 7_000));
      case 'pauseClient':
        return this.#pause(chance.pick(this.#world.clients), chance.between(50, 3_000));
      case 'cutFromBroker': {
        const machine = this.#anyone();
        if (machine === null) return;
        tell(`cut ${machine.id} from the broker`);
        broker.cutOff(machine.process);
        return this.#undoAfter(chance.between(50, 5_000), () => {
          tell(`rejoin ${machine.id} to the broker`);
          broker.rejoin(machine.process);
        });
      }
      case 'cutFromSignals': {
        const machine = this.#anyone();
        if (machine === null) return;
        tell(`cut ${machine.id} from signals`);
        hub.cutOff(machine.process);
        return this.#undoAfter(chance.between(50, 8_000), () => {
          tell(`rejoin ${machine.id} to signals`);
          hub.rejoin(machine.process);
        });
      }
      case 'brokerAway':
        tell('the broker goes away');
        broker.goAway();
        return this.#undoAfter(chance.holds(0.8) ? chance.between(20, 2_000) : chance.between(2_000, 13_000), () => {
          tell('the broker is back');
          broker.comeBack();
        });
      case 'clockJump': {
        const byMs = chance.whole(-4_000, 4_000);
        tell(`clocks jump by ${byMs} ms`);
        return clock.jump(byMs);
      }
      case 'assignmentsExpire': {
        // Retention passes over what has not been read: whoever was behind must register anew.
        const partition = chance.whole(0, 7);
        tell(`assignments/${partition} expire`);
        return broker.log('assignments', partition).trim(broker.range('assignments', partition).end);
      }
      default:
        mishap satisfies never;
    }
  }

  #endJobManager(how: 'kill' | 'stop'): void {
    const world = this.#world;
    const machine = this.#jobManager();
    if (machine === null) return;
    world.tell(`${how} ${machine.id}`);
    machine.leaving = true;
    const restartMs = this.#chance.between(20, 3_000);
    if (how === 'kill') world.gone(world.jobManagers, machine);
    else
      machine.jobManager.stop('simulation').then(
        () => world.gone(world.jobManagers, machine),
        (error: unknown) => world.oracle.fail(`an orderly stop failed: ${error}`),
      );
    world.clock.after(restartMs, () => world.startJobManager());
  }

  #endTaskManager(how: 'kill' | 'stop'): void {
    const world = this.#world;
    const machine = this.#taskManager();
    if (machine === null) return;
    if (how === 'kill') world.tell(`kill ${machine.id}`);
    const restartMs = this.#chance.between(20, 4_000);
    if (how === 'kill') world.gone(world.taskManagers, machine);
    else world.stopTaskManager(machine.id);
    // One that the cluster asked for is the cluster's to ask for again.
    if (machine.requestId === null) world.clock.after(restartMs, () => world.startTaskManager(machine.slots));
  }

  #pause(machine: { readonly id: string; readonly process: JobManagerMachine['process'] } | null, ms: number): void {
    if (machine === null) return;
    const { tell } = this.#world;
    tell(`freeze ${machine.id} for ${Math.round(ms)} ms`);
    machine.process.pause();
    this.#undoAfter(ms, () => {
      tell(`wake ${machine.id}`);
      machine.process.resume();
    });
  }

  #undoAfter(ms: number, undo: () => void): void {
    const once = (): void => {
      if (this.#lasting.delete(once)) undo();
    };
    this.#lasting.add(once);
    this.#world.clock.after(ms, once);
  }

  #jobManager(): JobManagerMachine | null {
    const there = this.#world.jobManagers.filter(({ leaving }) => !leaving);
    const leaders = there.filter(({ jobManager }) => jobManager.role === 'leader');
    if (leaders.length > 0 && this.#chance.holds(LEADER_SHARE)) return this.#chance.pick(leaders);
    return there.length === 0 ? null : this.#chance.pick(there);
  }

  #taskManager(): TaskManagerMachine | null {
    const there = this.#world.taskManagers.filter(({ leaving }) => !leaving);
    return there.length === 0 ? null : this.#chance.pick(there);
  }

  #anyone(): { readonly id: string; readonly process: JobManagerMachine['process'] } | null {
    const roll = this.#chance.next();
    if (roll < 0.5) return this.#jobManager();
    return roll < 0.9 ? this.#taskManager() : this.#chance.pick(this.#world.clients);
  }
}
