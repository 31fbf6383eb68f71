// One backend under a slot thread's heap limit: filled, used at random, and snapshot while it goes on being used.
import { parentPort, workerData } from 'node:worker_threads';
import { type OperatorState, snapshot } from '../src/runtime/operatorState.ts';
import { ValueStateDescriptor } from '../src/runtime/state/descriptors.ts';
import { HeapBackend } from '../src/runtime/state/heapBackend.ts';
import type { KeyedStateBackend } from '../src/runtime/state/keyedStateBackend.ts';
import { LmdbBackend, LmdbEnvironment } from '../src/runtime/state/lmdb.ts';
import type { StateAnswer, StateTask, TakenSnapshot } from './state.ts';

const MAX_PARALLELISM = 128;
/** Uses between two looks at the clock, as a task's. */
const CHUNK_USES = 64;
/** What a task runs before the event loop has its turn. */
const TURN_MS = 5;
/** Keys that are used between two checkpoints. */
const CHANGED_SHARE = 0.05;
const VALUE = new ValueStateDescriptor<{ count: number; text: string }>('value');

function open({ backend, folder, cacheBytes }: StateTask): KeyedStateBackend {
  if (backend === 'hashmap') return new HeapBackend(MAX_PARALLELISM, Date.now);
  const environment = new LmdbEnvironment(folder);
  const onClosed = () => environment.close();
  return new LmdbBackend({
    environment,
    operator: 0,
    maxParallelism: MAX_PARALLELISM,
    cacheBytes,
    minFileBytes: 1024 * 1024,
    now: Date.now,
    onClosed,
  });
}

async function run(task: StateTask): Promise<StateAnswer> {
  const { keys, uses, valueBytes } = task;
  const backend = open(task);
  const state = backend.getState(VALUE);
  const text = 'x'.repeat(valueBytes);
  const startedAtMs = performance.now();
  for (let key = 0; key < keys; key++) {
    backend.setCurrentKey(`key-${key}`);
    state.update({ count: 0, text });
  }
  const filledAtMs = performance.now();
  let seed = 1;
  const useOne = (): void => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    backend.setCurrentKey(`key-${seed % keys}`);
    const value = state.value()!;
    state.update({ count: value.count + 1, text });
  };
  for (let use = 0; use < uses; use++) useOne();
  const usedAtMs = performance.now();

  const operator: OperatorState = { kind: 'keyed', uid: 'bench', operator: 'bench', backend };
  const steady = await useFor(useOne, () => performance.now() - usedAtMs < 2_000);
  const whole = await taken(operator, 1, useOne);
  backend.incremental?.completed(1);
  // Besides those that were used while the first was taken.
  for (let use = 0; use < keys * CHANGED_SHARE; use++) useOne();
  const incremental = backend.incremental === null ? null : await taken(operator, 2, useOne);
  backend.close();
  return {
    fillsPerSecond: (keys / (filledAtMs - startedAtMs)) * 1_000,
    usesPerSecond: (uses / (usedAtMs - filledAtMs)) * 1_000,
    steadyGapMs: steady,
    ...whole,
    incremental,
  };
}

/** A checkpoint's snapshot, while the state goes on being used. */
async function taken(operator: OperatorState, checkpointId: number, useOne: () => void): Promise<TakenSnapshot> {
  let bytes = 0;
  let done = false;
  const beganAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const stored = snapshot([operator], checkpointId, false);
  const syncMs = performance.now() - beganAtMs;
  const write = async (segment: Uint8Array): Promise<string> => {
    bytes += segment.length;
    return String(bytes);
  };
  const share = async (segment: Uint8Array) => ({ handle: await write(segment), bytes: segment.length });
  const storing = stored({ write, share, refer: ({ handle }) => handle }).then((index) => {
    bytes += index?.length ?? 0;
    done = true;
  });
  const during = await useFor(useOne, () => !done);
  await storing;
  const { user, system } = process.cpuUsage(cpuBefore);
  const snapshotMs = performance.now() - beganAtMs;
  return { syncMs, stallMs: Math.max(syncMs, during), snapshotMs, cpuMs: (user + system) / 1_000, bytes };
}

/** Turns of uses as a task has them; gives the longest time from one turn's end to the next one's. */
async function useFor(useOne: () => void, goesOn: () => boolean): Promise<number> {
  let longestMs = 0;
  let lastMs = performance.now();
  while (goesOn()) {
    const endMs = performance.now() + TURN_MS;
    do for (let use = 0; use < CHUNK_USES; use++) useOne();
    while (performance.now() < endMs);
    await new Promise<void>((resolve) => setImmediate(resolve));
    const now = performance.now();
    longestMs = Math.max(longestMs, now - lastMs - TURN_MS);
    lastMs = now;
  }
  return longestMs;
}

parentPort?.postMessage(await run(workerData as StateTask));
