// Checks what authors pass as functions, and forgets their types: the graph holds functions of many types side by side, and the API has already
// paired each with its input.
import { isClass } from '../runtime/userFunction.ts';
import { ApiError } from './apiError.ts';

/** Takes any place in a spec. */
type Erased = (value: unknown) => never;

/** A plain function. Throws ApiError FUNCTION_MISSING. */
export function checkedFunction(fn: (...args: never[]) => unknown, operator: string): Erased {
  if (typeof fn === 'function') return fn as Erased;
  throw new ApiError('FUNCTION_MISSING', `${operator} takes a function, not ${fn === null ? 'null' : typeof fn}.`);
}

/** An object with all of the methods, or a class of such. Throws ApiError FUNCTION_MISSING. */
export function checkedMethods(fn: object, methods: readonly string[], operator: string): never {
  if (isClass(fn)) return fn as never;
  const missing = methods.find((method) => typeof (fn as Record<string, unknown> | null)?.[method] !== 'function');
  if (missing === undefined) return fn as never;
  throw new ApiError(
    'FUNCTION_MISSING',
    `${operator} takes an object with the methods ${methods.join(', ')}: ${missing} is missing.`,
  );
}

/** A function, a rich one that has it as a method, or a class of such. Throws ApiError FUNCTION_MISSING. */
export function checkedUserFunction(fn: object, method: string, operator = method): Erased {
  if (typeof fn === 'function') return fn as Erased;
  if (typeof fn === 'object' && fn !== null && typeof (fn as Record<string, unknown>)[method] === 'function')
    return fn as Erased;
  const found = fn === null ? 'null' : typeof fn === 'object' ? `an object without the method ${method}` : typeof fn;
  throw new ApiError('FUNCTION_MISSING', `${operator} takes a function, not ${found}.`);
}
