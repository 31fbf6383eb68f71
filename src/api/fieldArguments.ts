// The field that sum, min, max, minBy and maxBy are of, as it was passed.
import type { Field } from '../runtime/fields.ts';
import { ApiError } from './apiError.ts';

/** Throws ApiError INVALID_ARGUMENT. */
export function checkedField(method: string, field: unknown): Field {
  if (field === undefined) return null;
  if (typeof field === 'number' || typeof field === 'string') return field;
  throw new ApiError('INVALID_ARGUMENT', `${method} takes the position or the name of a field, not ${String(field)}.`);
}
