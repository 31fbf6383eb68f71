// The process that measures one task and sends what came of it to its parent.
import { decodeMessage } from '../src/codec/codec.ts';
import { parseConfig } from '../src/config.ts';
import { applyRecord, type LedgerRecord } from '../src/core/ledger.ts';
import { emptyState } from '../src/core/state.ts';
import { Replica } from '../src/jobmanager/replica.ts';
import type { Logger } from '../src/ports/logger.ts';
import { type Backbone, openBackbone } from '../src/wiring.ts';
import { type DecisionTimes, decideWide } from './decisions.ts';
import { readLedgerFile } from './ledger.ts';
import type { FoldAnswer, MeasureTask, ReadAnswer, ReadTask } from './measure.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Folding nothing would be quick. */
function assertCounted(verdict: string, offset: number): void {
  if (verdict !== 'counted') throw new Error(`the record at offset ${offset} did not count`);
}

function fold({ file, runs }: Extract<MeasureTask, { kind: 'fold' }>): FoldAnswer {
  const values = readLedgerFile(file);
  const decodeAndFoldMs: number[] = [];
  const foldMs: number[] = [];
  // The objects are the decoder's, as in a replica: another maker's would have other shapes.
  let records: LedgerRecord[] = values.map((value) => decodeMessage('events', value));
  for (let run = 0; run < runs; run++) {
    const state = emptyState();
    const startedAtMs = performance.now();
    for (let offset = 0; offset < records.length; offset++) {
      assertCounted(applyRecord(state, records[offset]!, offset), offset);
    }
    foldMs.push(performance.now() - startedAtMs);
  }
  records = [];
  for (let run = 0; run < runs; run++) {
    const state = emptyState();
    const startedAtMs = performance.now();
    for (let offset = 0; offset < values.length; offset++) {
      assertCounted(applyRecord(state, decodeMessage('events', values[offset]!), offset), offset);
    }
    decodeAndFoldMs.push(performance.now() - startedAtMs);
  }
  return { foldMs, decodeAndFoldMs };
}

/** The first run compiles the code. */
function decide({ parallelism, taskManagers, runs }: Extract<MeasureTask, { kind: 'decide' }>): DecisionTimes[] {
  return Array.from({ length: runs + 1 }, () => decideWide(parallelism, taskManagers)).slice(1);
}

async function read({ kind, dir, overrides }: ReadTask): Promise<ReadAnswer> {
  const config = parseConfig('', 'bench', overrides);
  const backbone = await openBackbone({ config, dir, source: 'bench', logger: silent, createTopics: false });
  const startedAtMs = performance.now();
  const records = await READERS[kind](backbone);
  const endedAtMs = performance.now();
  const rssBytes = process.memoryUsage.rss();
  await backbone.close();
  return { ms: endedAtMs - startedAtMs, sinceStartMs: endedAtMs, records, rssBytes };
}

const READERS: Readonly<Record<ReadTask['kind'], (backbone: Backbone) => Promise<number>>> = {
  raw: ({ journal }) =>
    new Promise((resolve, reject) => {
      void journal
        .tail([{ topic: 'events', partition: 0, from: 0 }], {
          onBatch: ({ next, end }) => {
            if (next >= end) resolve(next);
          },
          onError: reject,
        })
        .catch(reject);
    }),
  decode: ({ channels }) =>
    new Promise((resolve, reject) => {
      void channels
        .follow('events', {
          from: () => 0,
          onBatch: ({ next, end }) => {
            if (next >= end) resolve(next);
          },
          onError: reject,
        })
        .catch(reject);
    }),
  replay: ({ channels, clock }) =>
    new Promise((resolve, reject) => {
      const replica: Replica = new Replica(
        { channels, clock, logger: silent },
        {
          onRecord: (_, offset, verdict) => assertCounted(verdict, offset),
          onBatch: () => {
            if (replica.caughtUp) resolve(replica.position);
          },
          onJump: () => {},
          onFailure: reject,
        },
      );
      replica.start().catch(reject);
    }),
};

function answerTo(task: MeasureTask): Promise<ReadAnswer> | FoldAnswer | DecisionTimes[] {
  switch (task.kind) {
    case 'fold':
      return fold(task);
    case 'decide':
      return decide(task);
    default:
      return read(task);
  }
}

const task = JSON.parse(process.argv[2]!) as MeasureTask;
const answer = await answerTo(task);
await new Promise((resolve) => process.send!(answer, resolve));
process.disconnect();
