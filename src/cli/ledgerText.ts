// How the ledger is shown to people: a line for a record, a line for an event, each within the width of the screen. Nothing here knows the
// types of events one by one, so that a new one is shown as well as the old ones are; what is cut off is in `--json`.
import type { VoidReason } from '../core/ledger.ts';
import type { Cause } from '../core/schema.gen.ts';
import type { LedgerEntry } from './ledger.ts';

const MIN_WIDTH = 80;
const SHORT_ID_CHARS = 8;
/** Beyond it a number is no date. */
const MAX_DATE_MS = 8.64e15;
/** Arrays of more are shown by their number. */
const MAX_SHOWN_ITEMS = 3;

/** Lines that one fact may take where it is not cut at the first. */
const MAX_WRAPPED_LINES = 6;

/** What a void record is, in a few words. */
export const VOID_WORDS: Readonly<Record<VoidReason | 'FOREIGN', string>> = {
  CLAIM_TOO_LATE: 'claim too late',
  EPOCH_AHEAD: 'epoch not claimed',
  STALE_LEADER: 'stale leader',
  REPEATED: 'repeated',
  BEHIND_A_HOLE: 'behind a hole',
  FOREIGN: "not Sluice's",
};

/** What an event or a message is, as far as it matters here. */
export type Fact = { readonly type: string } & object;

interface TaskFields {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt?: number;
}

/** Columns to write in. */
export function screenWidth(): number {
  return Math.max(MIN_WIDTH, process.stdout.columns ?? MIN_WIDTH);
}

/** One line, cut at `width`. */
export function clip(line: string, width: number): string {
  const flat = line.replace(/\s*\n\s*/g, ' ⏎ ');
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}

/** The line, broken at spaces where it is wider than the screen; what is beyond MAX_WRAPPED_LINES is cut off. */
export function wrap(line: string, width: number): string[] {
  const flat = line.replace(/\s*\n\s*/g, ' ⏎ ');
  const indent = `${/^ */.exec(flat)?.[0] ?? ''}    `;
  const lines: string[] = [];
  let rest = flat;
  while (rest.length > width && lines.length < MAX_WRAPPED_LINES - 1) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > indent.length ? space : width;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, clip(rest, width)];
}

export function timeOf(unixMs: number): string {
  return Math.abs(unixMs) <= MAX_DATE_MS ? new Date(unixMs).toISOString() : String(unixMs);
}

/** `#17  1/5  2026-11-21T09:44:06.123Z  counted  ← commands/0@3`; of a void one why. */
export function recordLine(entry: LedgerEntry): string {
  const { offset } = entry;
  if (entry.kind === 'foreign')
    return `#${String(offset).padEnd(6)} ${'–'.padEnd(7)} ${timeOf(entry.at)}  void    ${VOID_WORDS.FOREIGN}: ${entry.bytes} bytes`;
  const { record, voidReason } = entry;
  const place = record.type === 'Claim' ? `${record.epoch}/–` : `${record.epoch}/${record.seq}`;
  const causes = record.type === 'Commit' ? causesText(record.causes) : '';
  const verdict = voidReason === null ? 'counted' : `void    ${VOID_WORDS[voidReason]}`;
  return `#${String(offset).padEnd(6)} ${place.padEnd(7)} ${timeOf(record.at)}  ${verdict.padEnd(7)}${causes}`.trimEnd();
}

export function causesText(causes: readonly Cause[]): string {
  return causes.length === 0 ? '' : `  ← ${causes.map(causeText).join(' ')}`;
}

export function causeText({ topic, partition, offset }: Cause): string {
  return `${topic}/${partition}@${offset}`;
}

/** `TaskDeployed 0123abcd/0/1#0 taskManagerId=tm-1 slot=0`: the task as `sluice why` takes it. */
export function factText(fact: Fact): string {
  const { type, ...fields } = fact as Fact & Readonly<Record<string, unknown>>;
  const words = [type];
  if (isTask(fields)) {
    const { jobId, vertex, subtask, attempt } = fields;
    words.push(taskText({ jobId: jobId.slice(0, SHORT_ID_CHARS), vertex, subtask }, attempt));
  } else if (typeof fields.jobId === 'string' && fields.jobId !== '') {
    // Whole where the job appears first, so that it can be copied.
    words.push(type === 'JobSubmitted' ? fields.jobId : fields.jobId.slice(0, SHORT_ID_CHARS));
  }
  const named = isTask(fields) ? ['jobId', 'vertex', 'subtask', 'attempt'] : ['jobId'];
  for (const [name, value] of Object.entries(fields)) {
    const text = named.includes(name) ? null : valueText(name, value);
    if (text !== null) words.push(`${name}=${text}`);
  }
  return words.join(' ');
}

export function taskText({ jobId, vertex, subtask }: TaskFields, attempt?: number): string {
  return `${jobId}/${vertex}/${subtask}${attempt === undefined ? '' : `#${attempt}`}`;
}

function isTask(fields: object): fields is TaskFields {
  return 'vertex' in fields && 'subtask' in fields && 'jobId' in fields && typeof fields.jobId === 'string';
}

function valueText(name: string, value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
    case 'number':
      return name.endsWith('At') && value > 0 ? timeOf(value) : String(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return null;
      if (!Array.isArray(value)) return '{…}';
      if (value.length > MAX_SHOWN_ITEMS || value.some((item) => typeof item === 'object')) return `[${value.length}]`;
      return `[${value.join(', ')}]`;
    default:
      return null;
  }
}
