// Why a job's module could not be bundled, planned or rebuilt. The message is complete for people; `userStack` holds the frames of the
// job's own code, mapped back to its source, where it threw. Plain data in `toData`, so that it crosses threads whole.

export type JobModuleErrorCode =
  /** No such file, or it is a folder. */
  | 'FILE_NOT_FOUND'
  /** Syntax error, an import that does not resolve, a native addon. */
  | 'DOES_NOT_COMPILE'
  /** The module or its main(args) threw. */
  | 'THREW'
  /** It ended without a call of execute. */
  | 'NEVER_EXECUTED'
  /** It called execute a second time. */
  | 'EXECUTE_TWICE'
  /** The rebuilt graph is not the submitted one. */
  | 'NOT_DETERMINISTIC'
  /** No execute within the time limit. */
  | 'TIMED_OUT'
  /** The planner's heap limit was reached. */
  | 'OUT_OF_MEMORY';

export interface JobModuleErrorData {
  readonly code: JobModuleErrorCode;
  readonly message: string;
  readonly userStack: string | null;
}

export class JobModuleError extends Error {
  override readonly name = 'JobModuleError';
  readonly code: JobModuleErrorCode;
  readonly userStack: string | null;
  constructor(
    code: JobModuleErrorCode,
    message: string,
    options?: ErrorOptions & { readonly userStack?: string | null },
  ) {
    super(message, options);
    this.code = code;
    this.userStack = options?.userStack ?? null;
  }

  toData(): JobModuleErrorData {
    return { code: this.code, message: this.message, userStack: this.userStack };
  }

  static fromData(data: JobModuleErrorData): JobModuleError {
    return new JobModuleError(data.code, data.message, { userStack: data.userStack });
  }
}
