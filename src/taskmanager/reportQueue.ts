// Reports that wait to be written to `status`: of attempts and of checkpoints, in the order in which they came, cut into records. While
// the journal is away the queue is kept small: of each attempt only the latest state matters, of each checkpoint answer only one.
import type { AttemptReport, CheckpointReport, TaskReport } from '../core/schema.gen.ts';
import { attemptKey } from './attemptKey.ts';

const MAX_REPORTS_PER_RECORD = 1_000;
const MAX_BYTES_PER_RECORD = 512 * 1024;
/** Encoded size of a report without its texts, at most. */
const REPORT_BYTES = 96;
/** UTF-8 bytes that a UTF-16 unit takes, at most. */
const BYTES_PER_CHAR = 3;
const MAX_REASON_CHARS = 16 * 1024;
/** Beyond this many waiting reports only the latest of each attempt and checkpoint is kept, which the number of attempts bounds. */
export const MAX_QUEUED_REPORTS = 10_000;

/** One subtask's answer to a checkpoint. */
type CheckpointAnswer = Pick<CheckpointReport, 'jobId' | 'checkpointId'> &
  (
    | { readonly kind: 'ack'; readonly answer: CheckpointReport['acks'][number] }
    | { readonly kind: 'decline'; readonly answer: CheckpointReport['declines'][number] }
    | { readonly kind: 'damaged'; readonly answer: CheckpointReport['damaged'][number] }
  );

type Report = { readonly kind: 'attempt'; readonly report: AttemptReport } | CheckpointAnswer;

export type ReportMessage = TaskReport | CheckpointReport;

export class ReportQueue {
  readonly #taskManagerId: string;
  #reports: Report[] = [];
  #coalesceAt = MAX_QUEUED_REPORTS;

  constructor(taskManagerId: string) {
    this.#taskManagerId = taskManagerId;
  }

  get length(): number {
    return this.#reports.length;
  }

  push(reports: readonly AttemptReport[]): void {
    for (const report of reports) this.#reports.push({ kind: 'attempt', report: withShortReason(report) });
    this.#keepSmall();
  }

  pushCheckpoint({ jobId, checkpointId, acks, declines, damaged }: CheckpointReport): void {
    for (const answer of acks) this.#reports.push({ kind: 'ack', jobId, checkpointId, answer });
    for (const answer of declines)
      this.#reports.push({ kind: 'decline', jobId, checkpointId, answer: withShortReason(answer) });
    for (const answer of damaged)
      this.#reports.push({ kind: 'damaged', jobId, checkpointId, answer: withShortReason(answer) });
    this.#keepSmall();
  }

  /** Takes the oldest reports that fit one record; null where none waits. */
  take(): ReportMessage | null {
    const [first] = this.#reports;
    if (first === undefined) return null;
    let count = 0;
    let bytes = 0;
    for (const report of this.#reports) {
      bytes += REPORT_BYTES + textOf(report).length * BYTES_PER_CHAR;
      if (
        count === MAX_REPORTS_PER_RECORD ||
        (count > 0 && (bytes > MAX_BYTES_PER_RECORD || !shareRecord(first, report)))
      )
        break;
      count++;
    }
    return this.#messageOf(first, this.#reports.splice(0, count));
  }

  #messageOf(first: Report, reports: readonly Report[]): ReportMessage {
    const taskManagerId = this.#taskManagerId;
    if (first.kind === 'attempt') {
      const attempts = reports.flatMap((report) => (report.kind === 'attempt' ? [report.report] : []));
      return { type: 'TaskReport', taskManagerId, attempts };
    }
    const { jobId, checkpointId } = first;
    const acks = reports.flatMap((report) => (report.kind === 'ack' ? [report.answer] : []));
    const declines = reports.flatMap((report) => (report.kind === 'decline' ? [report.answer] : []));
    const damaged = reports.flatMap((report) => (report.kind === 'damaged' ? [report.answer] : []));
    return { type: 'CheckpointReport', taskManagerId, jobId, checkpointId, acks, declines, damaged };
  }

  #keepSmall(): void {
    if (this.#reports.length <= this.#coalesceAt) return;
    const latest = new Map<string, Report>();
    for (const report of this.#reports) {
      const key = keyOf(report);
      // Deleted first, so that the order is that of the latest reports.
      latest.delete(key);
      latest.set(key, report);
    }
    this.#reports = [...latest.values()];
    this.#coalesceAt = Math.max(MAX_QUEUED_REPORTS, 2 * this.#reports.length);
  }
}

/** The halves of a message that is refused as a whole, or null where it cannot be cut. */
export function halvesOf(message: ReportMessage): readonly [ReportMessage, ReportMessage] | null {
  if (message.type === 'TaskReport') {
    const { attempts } = message;
    if (attempts.length < 2) return null;
    const middle = attempts.length >> 1;
    return [
      { ...message, attempts: attempts.slice(0, middle) },
      { ...message, attempts: attempts.slice(middle) },
    ];
  }
  const { acks, declines, damaged } = message;
  const count = acks.length + declines.length + damaged.length;
  if (count < 2) return null;
  const middle = count >> 1;
  /** Those of the list that stand before or behind the middle of all three. */
  const part = <T>(list: readonly T[], before: number, first: boolean): readonly T[] => {
    const cut = Math.max(0, middle - before);
    return first ? list.slice(0, cut) : list.slice(cut);
  };
  const half = (first: boolean): ReportMessage => ({
    ...message,
    acks: part(acks, 0, first),
    declines: part(declines, acks.length, first),
    damaged: part(damaged, acks.length + declines.length, first),
  });
  return [half(true), half(false)];
}

function shareRecord(first: Report, other: Report): boolean {
  if (first.kind === 'attempt' || other.kind === 'attempt') return first.kind === other.kind;
  return first.jobId === other.jobId && first.checkpointId === other.checkpointId;
}

function keyOf(report: Report): string {
  if (report.kind === 'attempt') return attemptKey(report.report);
  const { vertex, subtask, attempt } = report.answer;
  return `${report.checkpointId}:${attemptKey({ jobId: report.jobId, vertex, subtask, attempt })}`;
}

function textOf(report: Report): string {
  switch (report.kind) {
    case 'attempt':
      return report.report.reason ?? '';
    case 'ack':
      return [report.answer.handle, ...report.answer.shared].join('');
    case 'decline':
    case 'damaged':
      return report.answer.reason;
    default:
      return report satisfies never;
  }
}

function withShortReason<T extends { readonly reason: string | null }>(report: T): T {
  const { reason } = report;
  if (reason === null || reason.length <= MAX_REASON_CHARS) return report;
  const left = reason.length - MAX_REASON_CHARS;
  return { ...report, reason: `${reason.slice(0, MAX_REASON_CHARS)}… (${left} more characters)` };
}
