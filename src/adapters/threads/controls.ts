// Checks the control messages that another process sent, before threads that run tasks are handed them.
import { TaskError } from '../../runtime/errors.ts';
import type { ExchangeControl } from '../../runtime/exchangeProtocol.ts';

/** Control messages that came from another process. Throws TaskError PROTOCOL_VIOLATION. */
export function readControls(value: unknown): readonly ExchangeControl[] {
  if (Array.isArray(value) && value.every(isControl)) return value;
  throw new TaskError(
    'PROTOCOL_VIOLATION',
    'A control frame holds no control messages; both ends must run one version',
  );
}

function isControl(value: unknown): value is ExchangeControl {
  if (typeof value !== 'object' || value === null) return false;
  const control = value as Partial<Record<string, unknown>>;
  const isCount = (number: unknown): boolean => Number.isInteger(number) && (number as number) >= 0;
  if (typeof control.jobId !== 'string' || !isCount(control.vertex)) return false;
  // As it says: what it says beyond the types there are is for the default.
  const kind = control.type as ExchangeControl['type'];
  switch (kind) {
    case 'whoIsReady':
      return true;
    case 'consumersReady':
      return (
        Array.isArray(control.consumers) &&
        control.consumers.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount))
      );
    case 'endOfPartition':
      return (
        [control.input, control.producerSubtask, control.producerAttempt].every(isCount) &&
        (control.consumer === null || isCount(control.consumer))
      );
    default: {
      kind satisfies never;
      return false;
    }
  }
}
