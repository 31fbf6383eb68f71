// The field that sum, min, max, minBy and maxBy are of, as it was passed.
import type { Field } from '../runtime/fields.ts';
import type { KeySelector } from '../runtime/operatorSpec.ts';
import { ApiError } from './apiError.ts';
import { checkedFunction } from './checkedFunction.ts';

/** A function as it is, or one that takes the field. Throws ApiError FUNCTION_MISSING. */
export function keySelectorOf(selector: string | number | KeySelector): KeySelector {
  if (typeof selector !== 'string' && typeof selector !== 'number') return checkedFunction(selector, 'keyBy');
  return (value) => (value as Readonly<Record<string | number, unknown>>)[selector];
}

/** Throws ApiError INVALID_ARGUMENT. */
export function checkedField(method: string, field: unknown): Field {
  if (field === undefined) return null;
  if (typeof field === 'number' || typeof field === 'string') return field;
  throw new ApiError('INVALID_ARGUMENT', `${method} takes the position or the name of a field, not ${String(field)}.`);
}
