// The simulated signals' faults: members cut off, frozen, and lossy ways.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/adapters/simulated/clock.ts';
import { SimulatedProcess } from '../../../src/adapters/simulated/process.ts';
import { seededRandom } from '../../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../../src/adapters/simulated/signals.ts';

describe('the simulated signals', () => {
  it('keep a member that is cut off from hearing and from being heard, and a frozen one hears late', async () => {
    const clock = new ManualClock();
    const hub = new SimulatedSignalHub({ clock, random: seededRandom(1) });
    const processes = [new SimulatedProcess(clock), new SimulatedProcess(clock)];
    const members = processes.map((process) => hub.connect(process));
    const heard: string[] = [];
    for (const [index, member] of members.entries()) {
      await member.subscribe('jobmanagers', ({ from }) => heard.push(`${index} hears ${from}`));
    }
    const publish = async (): Promise<string[]> => {
      heard.length = 0;
      for (const [index, member] of members.entries()) {
        await member.publish('jobmanagers', { from: String(index), payload: new Uint8Array(1) });
      }
      await clock.advance(10);
      return [...heard].sort();
    };
    const all = ['0 hears 0', '0 hears 1', '1 hears 0', '1 hears 1'];
    expect(await publish()).toEqual(all);
    hub.cutOff(processes[1]!);
    expect(await publish()).toEqual(['0 hears 0']);
    hub.rejoin(processes[1]!);
    processes[1]!.pause();
    expect(await publish()).toEqual(['0 hears 0', '0 hears 1']);
    processes[1]!.resume();
    await clock.advance(0);
    expect([...heard].sort()).toEqual(all);
  });

  it('are lost and repeated at the given rates', async () => {
    const clock = new ManualClock();
    const hub = new SimulatedSignalHub({
      clock,
      random: seededRandom(2),
      faults: { lossRate: 0.5, duplicateRate: 0.5 },
    });
    const member = hub.connect();
    const counts = new Map<string, number>();
    await member.subscribe('taskmanagers', ({ from }) => counts.set(from, (counts.get(from) ?? 0) + 1));
    for (let index = 0; index < 400; index++) {
      await member.publish('taskmanagers', { from: String(index), payload: new Uint8Array(0) });
    }
    await clock.advance(10);
    expect(counts.size).toBeGreaterThan(150);
    expect(counts.size).toBeLessThan(250);
    const repeated = [...counts.values()].filter((count) => count === 2).length;
    expect(repeated).toBeGreaterThan(60);
    expect(repeated).toBeLessThan(140);
  });
});
