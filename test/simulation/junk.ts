// What strangers put on the topics: bytes that are nothing, commands in JSON good and bad, status that no TaskManager would send. Whatever
// cannot be decoded must end up in dead-letters, once or more, and nothing else may come of it.
import { decodeMessage } from '../../src/codec/codec.ts';
import { partitionOfKey } from '../../src/codec/partitioner.ts';
import type { JournalRecord } from '../../src/ports/journal.ts';
import { Chance } from './chance.ts';
import type { World } from './world.ts';

/** Partitions of `status`, as in topics/status.yaml. */
const STATUS_PARTITIONS = 8;

export class Junk {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #buried = new Set<string>();
  #over = false;

  constructor(world: World) {
    this.#world = world;
    this.#chance = new Chance(world.scenario.seed, 'junk');
  }

  start(): void {
    const { clock, scenario } = this.#world;
    if (scenario.meanJunkMs === null) return;
    clock.after(this.#chance.pauseMs(scenario.meanJunkMs), () => {
      if (this.#over) return;
      this.#send();
      this.start();
    });
  }

  stop(): void {
    this.#over = true;
  }

  /** Records of `dead-letters` landed. */
  onBuried(records: readonly JournalRecord[]): void {
    for (const { key } of records) if (key !== null) this.#buried.add(key);
  }

  /** What nobody can decode, and is not in dead-letters, by place. */
  *unburied(): Generator<string> {
    for (const place of this.#world.oracle.undecodable) if (!this.#buried.has(place)) yield place;
    for (const place of this.#buried)
      if (!this.#world.oracle.undecodable.has(place)) yield `${place}, which was buried and is sound,`;
  }

  #send(): void {
    const chance = this.#chance;
    const { clients, tell } = this.#world;
    const key = `stranger-${chance.whole(1, 9)}`;
    const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
    const [topic, value] = chance.weighted<readonly ['commands' | 'status', Uint8Array]>([
      [2, ['commands', bytes('{"type":"CancelJob"')]],
      [2, ['commands', bytes(JSON.stringify({ type: 'CancelJob', commandId: `json-${key}`, jobId: 'nobody' }))]],
      [1, ['commands', bytes(JSON.stringify({ type: 'SubmitJob', commandId: key, jobId: 'x', parallelism: 'many' }))]],
      [2, ['commands', bytes('not even JSON')]],
      [1, ['commands', new Uint8Array()]],
      [2, ['status', Uint8Array.from({ length: chance.whole(0, 40) }, () => chance.whole(0, 255))]],
      [1, ['status', bytes('{"type":"TaskReport"}')]],
    ]);
    tell(`junk on ${topic}`);
    const partition = topic === 'commands' ? 0 : partitionOfKey(key, STATUS_PARTITIONS);
    // Strangers do not try again.
    chance
      .pick(clients)
      .journal.append(topic, partition, [{ key, value, headers: {} }])
      .catch(() => {});
  }
}

/** Why nobody can decode the record, or null. */
export function problemOf(topic: 'commands' | 'status', { value, headers }: JournalRecord): string | null {
  if (value === null) return 'it has no value';
  try {
    decodeMessage(topic, value, headers);
    return null;
  } catch (error) {
    return String(error);
  }
}
