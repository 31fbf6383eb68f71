// kafkajs's log lines, made fit for a log file. While a broker is away each of a process's connections fails several times a second, each
// time with an error and a stack: here every line comes once, and again after a while with how often it was left out meanwhile. As all
// that fails is tried again, nothing of it is more than a warning.
import type { KafkaLog } from './connection.ts';

/** A line is repeated no sooner than this. */
const REPEAT_AFTER_MS = 10_000;
/** Different lines that are remembered; beyond it all are forgotten, and may come again. */
const MAX_REMEMBERED = 100;

interface Told {
  atMs: number;
  leftOut: number;
}

export function seldomLog(log: KafkaLog, monotonicMs: () => number = () => performance.now()): KafkaLog {
  const told = new Map<string, Told>();
  return (level, message, { stack: _stack, ...fields }) => {
    const nowMs = monotonicMs();
    const before = told.get(message);
    if (before !== undefined && nowMs - before.atMs < REPEAT_AFTER_MS) {
      before.leftOut++;
      return;
    }
    if (before === undefined && told.size >= MAX_REMEMBERED) told.clear();
    told.set(message, { atMs: nowMs, leftOut: 0 });
    const leftOut = before?.leftOut ?? 0;
    log(level === 'error' ? 'warn' : level, message, leftOut === 0 ? fields : { ...fields, leftOut });
  };
}
