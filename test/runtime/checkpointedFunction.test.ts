// State that belongs to no key: what each subtask of a function finds again at the same parallelism and at another.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CheckpointedFunction, checkpointed } from '../../src/runtime/checkpointedFunction.ts';
import type { OperatorRuntime } from '../../src/runtime/operator.ts';
import { type OperatorState, restore, type StoredPart, snapshot } from '../../src/runtime/operatorState.ts';
import { avro } from '../../src/runtime/state/avroSerializer.ts';
import { ListStateDescriptor, MapStateDescriptor } from '../../src/runtime/state/descriptors.ts';
import type { ListState, MapState } from '../../src/runtime/state/states.ts';
import { inOnePart } from './snapshotStores.ts';

const LIST = new ListStateDescriptor<{ n: number }>('list');
const UNION = new ListStateDescriptor<number>('union');
const RULES = new MapStateDescriptor<unknown, unknown>('rules');
const NAMES = new ListStateDescriptor<{ name: string }>('names', {
  serializer: avro({ type: 'record', name: 'Named', fields: [{ name: 'name', type: 'string' }] }),
});
const node = { uid: 'fn', name: 'Fn' };

class Subtask implements CheckpointedFunction {
  readonly states: OperatorState[] = [];
  list!: ListState<{ n: number }>;
  union!: ListState<number>;
  names!: ListState<{ name: string }>;
  rules!: MapState<unknown, unknown>;
  isRestored = false;
  pending: number[] = [];
  readonly #place: { subtask: number; parallelism: number; maxParallelism: number };

  private constructor(subtask: number, parallelism: number) {
    this.#place = { subtask, parallelism, maxParallelism: 128 };
  }

  /** `parts`: of all subtasks of the job before, or none. */
  static async open(subtask: number, parallelism: number, parts: readonly StoredPart[] = []): Promise<Subtask> {
    const fn = new Subtask(subtask, parallelism);
    const initialize = checkpointed(fn, node, {
      context: fn.#place as OperatorRuntime['context'],
      keep: (state) => fn.states.push(state),
    })!;
    const own = parts.length === parallelism;
    const mine = own ? [parts[subtask]!] : parts;
    if (parts.length > 0) {
      await restore(fn.states, mine, { own, allowNonRestoredState: false, all: async () => parts }, fn.#place);
    }
    initialize();
    return fn;
  }

  initializeState({ isRestored, operatorStateStore }: Parameters<CheckpointedFunction['initializeState']>[0]): void {
    this.isRestored = isRestored;
    this.list = operatorStateStore.getListState(LIST);
    this.union = operatorStateStore.getUnionListState(UNION);
    this.names = operatorStateStore.getListState(NAMES);
    this.rules = operatorStateStore.getBroadcastState(RULES);
  }

  snapshotState(): void {
    for (const n of this.pending.splice(0)) this.list.add({ n });
  }

  async stored(): Promise<StoredPart> {
    const bytes = (await snapshot(this.states, 1)(inOnePart.store))!;
    return { ...inOnePart, handle: `of ${this.#place.subtask}`, bytes };
  }
}

describe('CheckpointedFunction', () => {
  it('gives lists, unions and broadcast state back at any parallelism', async () => {
    const parallelism = fc.integer({ min: 1, max: 5 });
    const lists = fc.array(fc.array(fc.integer(), { maxLength: 6 }), { minLength: 5, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parallelism, parallelism, lists, async (before, after, numbers) => {
        const first = await Promise.all(numbers.slice(0, before).map((_, subtask) => Subtask.open(subtask, before)));
        first.forEach((fn, subtask) => {
          expect(fn.isRestored).toBe(false);
          fn.pending = [...numbers[subtask]!];
          fn.union.update(numbers[subtask]!.map((n) => n * 2));
          fn.names.update(numbers[subtask]!.map((n) => ({ name: `n${n}` })));
          fn.rules.put(['rule', 1], { above: 3 });
        });
        const parts = await Promise.all(first.map((fn) => fn.stored()));
        // Behind the barrier.
        for (const fn of first) for (const element of fn.list.get()) element.n = -1;
        const second = await Promise.all(
          Array.from({ length: after }, (_, subtask) => Subtask.open(subtask, after, parts)),
        );
        const all = numbers.slice(0, before).flat();
        second.forEach((fn, subtask) => {
          const share = before === after ? numbers[subtask]! : all.filter((_, index) => index % after === subtask);
          expect(fn.isRestored).toBe(true);
          expect(fn.list.get()).toEqual(share.map((n) => ({ n })));
          expect(fn.names.get()).toEqual(share.map((n) => ({ name: `n${n}` })));
          expect(fn.union.get()).toEqual(all.map((n) => n * 2));
          expect([...fn.rules.entries()]).toEqual([[['rule', 1], { above: 3 }]]);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what is no data at the barrier, naming the operator and the path', async () => {
    const fn = await Subtask.open(0, 1);
    fn.rules.put('r', { check: () => true });
    expect(() => snapshot(fn.states, 1)).toThrow(/'Fn' cannot be stored: .*check is the function/);
  });
});
