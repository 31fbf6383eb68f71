// What sources may be told beside what they read.
import { ApiError } from './apiError.ts';

export interface SourceOptions {
  /** Upper bound for the whole source, shared by its subtasks; above 0. Default: as fast as the consumers take them. */
  readonly recordsPerSecond?: number | undefined;
}

export interface TextFileOptions extends SourceOptions {
  /** Keeps running and reads files that are added to the folder; the job is unbounded then. Default: false. */
  readonly watch?: boolean | undefined;
}

export function paceOf(options: SourceOptions, what: string): { recordsPerSecond?: number } {
  const { recordsPerSecond } = options;
  if (recordsPerSecond === undefined) return {};
  if (typeof recordsPerSecond === 'number' && Number.isFinite(recordsPerSecond) && recordsPerSecond > 0)
    return { recordsPerSecond };
  throw new ApiError(
    'INVALID_ARGUMENT',
    `recordsPerSecond of ${what} must be a number above 0, not ${String(recordsPerSecond)}.`,
  );
}
