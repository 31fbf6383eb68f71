// What the DataStream API refuses, at the line of the job that asked for it. Codes are stable; messages name the operator and the way out.

export type ApiErrorCode =
  | 'INVALID_PARALLELISM'
  | 'INVALID_MAX_PARALLELISM'
  | 'NON_PARALLEL_OPERATOR'
  /** forward() between operators of different parallelism. */
  | 'FORWARD_PARALLELISM'
  | 'DUPLICATE_UID'
  /** The mode BATCH, but a source never ends. */
  | 'UNBOUNDED_BATCH'
  | 'INVALID_NAME'
  /** Co-located operators of different parallelism, or in different slot sharing groups. */
  | 'INVALID_CO_LOCATION'
  | 'NO_OPERATORS'
  | 'EXECUTE_TWICE'
  /** executeAndCollect where the module does not outlive the submission. */
  | 'NOWHERE_TO_COLLECT'
  | 'ALREADY_EXECUTED'
  | 'FUNCTION_MISSING'
  | 'INVALID_ARGUMENT'
  | 'TOO_MANY_ELEMENTS'
  | 'OTHER_ENVIRONMENT';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
