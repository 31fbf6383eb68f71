// Asynchronous requests against their rules: order, watermarks that nothing passes, no more on their way than the capacity, and after a restore at another
// parallelism each record is asked for again that was not emitted.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type AsyncFunction, AsyncRetryStrategies } from '../../src/api/publicApi.ts';
import type { AsyncSpec } from '../../src/runtime/asyncOperator.ts';
import { OperatorHarness } from './operatorHarness.ts';

/** Requests that wait for the test to answer them. */
class Asked {
  readonly open = new Map<number, { resolve(results: number[]): void; reject(error: Error): void }>();
  most = 0;

  readonly ask = (value: unknown): Promise<number[]> =>
    new Promise((resolve, reject) => {
      this.open.set(value as number, { resolve, reject });
      this.most = Math.max(this.most, this.open.size);
    });

  async answer(value: number, results = [value]): Promise<void> {
    const request = this.open.get(value);
    this.open.delete(value);
    request?.resolve(results);
    await settled();
  }
}

/** What promises that are settled lead to has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const specOf = (fn: AsyncFunction<number, number> | Asked['ask'], options: Partial<AsyncSpec> = {}): AsyncSpec => ({
  type: 'asyncWait',
  ordered: true,
  timeoutMs: 60_000,
  capacity: 100,
  retry: null,
  fn: fn as never,
  ...options,
});

const harnesses: OperatorHarness[] = [];
async function open(...args: Parameters<typeof OperatorHarness.open>): Promise<OperatorHarness> {
  const harness = await OperatorHarness.open(...args);
  harnesses.push(harness);
  return harness;
}
afterEach(async () => {
  for (const harness of harnesses.splice(0)) await harness.close();
});

/** A turn of the task. */
const turn = (harness: OperatorHarness): void => {
  harness.resume();
  harness.clock(harness.now);
};

describe('asynchronous requests', () => {
  it('are answered in the order of the records, with their timestamps, or as they come between watermarks', async () => {
    const logs = await Promise.all(
      [true, false].map(async (ordered) => {
        const asked = new Asked();
        const harness = await open(specOf(asked.ask, { ordered }));
        harness.collect(1, 10);
        harness.collect(2, 20);
        harness.watermark(20);
        harness.collect(3, 30);
        for (const value of [3, 2, 1]) {
          await asked.answer(value, [value, -value]);
          turn(harness);
        }
        expect(harness.emitted.every(({ value, timestamp }) => timestamp === Math.abs(value as number) * 10)).toBe(
          true,
        );
        return harness.log.map(([kind, what]) => (kind === 'value' ? what : `w${String(what)}`)).join(' ');
      }),
    );
    expect(logs).toEqual(['1 -1 2 -2 w20 3 -3', '2 -2 1 -1 w20 3 -3']);
  });

  it('hold the task back at the capacity, until what was answered is emitted', async () => {
    const asked = new Asked();
    const harness = await open(specOf(asked.ask, { capacity: 2 }));
    harness.collect(1);
    expect(harness.context.pressure.blocked).toBe(0);
    harness.collect(2);
    expect(harness.context.pressure.blocked).toBe(1);
    await asked.answer(2);
    expect(harness.context.pressure.blocked).toBe(1);
    await asked.answer(1);
    turn(harness);
    expect([harness.values, harness.context.pressure.blocked]).toEqual([[1, 2], 0]);
  });

  it('emit no more than there is room for, and the rest before anything else', async () => {
    const asked = new Asked();
    const harness = await open(specOf(asked.ask, { capacity: 4 }), { room: 2 });
    for (const value of [1, 2, 3]) harness.collect(value);
    harness.watermark(5);
    for (const value of [1, 2, 3]) await asked.answer(value);
    turn(harness);
    expect([harness.values, harness.watermarks]).toEqual([[1, 2], []]);
    harness.makeRoom();
    turn(harness);
    expect([harness.values, harness.watermarks]).toEqual([[1, 2, 3], [5]]);
  });

  it('fail the task if they fail, or take too long where nobody says what to do then', async () => {
    const failing = await open(specOf(() => Promise.reject(new Error('unreachable'))));
    failing.collect(1);
    await settled();
    expect(failing.failures.map(String)).toEqual([expect.stringMatching(/Operator 'op' failed: Error: unreachable/)]);

    const slow = await open(specOf(new Asked().ask, { timeoutMs: 1 }));
    const failed = slow.failure();
    slow.collect(1);
    expect(String(await failed)).toMatch(/no answer within 1 ms/);

    const asked = new Asked();
    const answer = deferred();
    const patient = await open(
      specOf(
        {
          asyncInvoke: asked.ask,
          timeout: (value) => {
            answer.resolve();
            return [-value];
          },
        },
        { timeoutMs: 1 },
      ),
    );
    patient.collect(7);
    await answer.promise;
    await settled();
    // Too late: it was answered for already.
    await asked.answer(7);
    turn(patient);
    expect([patient.values, patient.failures]).toEqual([[-7], []]);

    const wrong = await open(specOf((() => Promise.resolve(1)) as never));
    wrong.collect(1);
    await settled();
    expect(String(wrong.failures[0])).toMatch(/answers with an array/);
  });

  it('are asked again as often as the strategy says', async () => {
    let attempts = 0;
    const done = deferred();
    const fn: AsyncFunction<number, number> = {
      async asyncInvoke(value) {
        attempts++;
        if (attempts === 1) throw new Error('not yet');
        if (attempts === 2) return [];
        done.resolve();
        return [value * attempts];
      },
    };
    const retry = AsyncRetryStrategies.fixedDelay<unknown>(2, 1, { ifResult: (results) => results.length === 0 });
    const harness = await open(specOf(fn, { retry }));
    harness.collect(5);
    await done.promise;
    await settled();
    turn(harness);
    expect([harness.values, harness.failures]).toEqual([[15], []]);

    const never = await open(specOf(() => Promise.reject(new Error('never')), { retry }));
    const failed = never.failure();
    never.collect(1);
    expect(String(await failed)).toMatch(/never/);
    const backoff = AsyncRetryStrategies.exponentialBackoff(5, 10, 35, 2);
    expect([1, 2, 3, 4].map((attempt) => backoff.delayMs(attempt))).toEqual([10, 20, 35, 35]);
  });

  it('keep their rules whatever comes when, stopped and restored or not', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant({ kind: 'record' as const }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.constant({ kind: 'watermark' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'turn' as const }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('restart' as const), parallelism: fc.integer({ min: 1, max: 3 }) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 80, size: 'max' }),
        async (ordered, capacity, steps) => {
          let next = 0;
          let watermark = 0;
          const emitted: number[] = [];
          const start = async (parallelism: number, parts: readonly Uint8Array[]) =>
            Promise.all(
              Array.from({ length: parallelism }, async (_, subtask) => {
                const asked = new Asked();
                const harness = await open(specOf(asked.ask, { ordered, capacity }), { subtask, parallelism, parts });
                return { asked, harness, input: [] as (readonly ['value' | 'watermark', number])[] };
              }),
            );
          let subtasks = await start(1, []);
          /** Each subtask's output is its input, in which records between two watermarks may have changed places where order does not matter. */
          const check = (whole: boolean): void => {
            for (const { harness, input, asked } of subtasks) {
              expect(asked.most).toBeLessThanOrEqual(capacity);
              const fresh = harness.log.filter(
                ([kind, what]) => kind === 'watermark' || input.some(([, value]) => value === what),
              );
              const form = ordered ? withoutPassed : inSegments;
              const values = (log: typeof input) => log.filter(([kind]) => kind === 'value').map(([, value]) => value);
              if (whole) expect(form(fresh)).toEqual(form(input));
              else if (ordered)
                expect(values(fresh as typeof input)).toEqual(
                  values(input).slice(0, values(fresh as typeof input).length),
                );
              emitted.push(...(harness.values as number[]));
            }
          };
          for (const step of steps) {
            switch (step.kind) {
              case 'record': {
                const { harness, input } = subtasks[next % subtasks.length]!;
                turn(harness);
                if (harness.context.pressure.blocked > 0) break;
                const value = next++;
                input.push(['value', value]);
                harness.collect(value);
                break;
              }
              case 'answer': {
                const { asked } = subtasks[step.which % subtasks.length]!;
                const open = [...asked.open.keys()];
                if (open.length > 0) await asked.answer(open[step.which % open.length]!);
                break;
              }
              case 'watermark':
                watermark++;
                for (const { harness, input } of subtasks) {
                  turn(harness);
                  if (harness.context.pressure.blocked > 0) continue;
                  input.push(['watermark', watermark - 1_000]);
                  harness.watermark(watermark - 1_000);
                }
                break;
              case 'turn':
                for (const { harness } of subtasks) turn(harness);
                break;
              case 'restart': {
                check(false);
                const stored = await Promise.all(subtasks.map(({ harness }) => harness.snapshot()));
                subtasks = await start(
                  step.parallelism,
                  stored.filter((part) => part !== null),
                );
                break;
              }
            }
          }
          for (const { harness, asked, input } of subtasks) {
            harness.end();
            input.push(['watermark', Number.MAX_SAFE_INTEGER]);
            while (harness.suspended) {
              const [first] = asked.open.keys();
              await asked.answer(first!);
              turn(harness);
            }
          }
          check(true);
          expect(emitted.sort((left, right) => left - right)).toEqual(Array.from({ length: next }, (_, i) => i));
          for (const harness of harnesses.splice(0)) await harness.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Without watermarks that a later one follows at once: it may stand for them. */
function withoutPassed<E extends readonly [kind: string, what: unknown]>(log: readonly E[]): E[] {
  return log.filter(([kind], index) => kind === 'value' || log[index + 1]?.[0] !== 'watermark');
}

/** With the records between two watermarks in one order. */
function inSegments(log: readonly (readonly [kind: string, what: unknown])[]): unknown[] {
  const segments: unknown[] = [];
  let records: number[] = [];
  for (const [kind, what] of withoutPassed(log)) {
    if (kind === 'value') records.push(what as number);
    else {
      segments.push(
        records.sort((left, right) => left - right),
        what,
      );
      records = [];
    }
  }
  return [...segments, records.sort((left, right) => left - right)];
}
