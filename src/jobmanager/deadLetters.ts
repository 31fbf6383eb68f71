// What becomes of an input that cannot be taken: a DeadLetter with its bytes and the reason, and for a command whose sender can be
// told a refusal on `replies`, so that nobody waits for an answer that never comes.
import { encodeMessage } from '../codec/codec.ts';
import { inputProblem, MAX_ID_CHARS } from '../core/inputLimits.ts';
import type { Cause, CommandReply } from '../core/schema.gen.ts';
import type { Outcome } from './effectRunner.ts';
import type { FeedEntry } from './inputFeed.ts';

/** Larger inputs keep only their beginning, so that the dead letter itself fits its topic. */
const MAX_BURIED_BYTES = 512 * 1024;
const MAX_REASON_LENGTH = 16 * 1024;
/** JSON commands beyond it are not searched for their ids. */
const MAX_SEARCHED_BYTES = 1024 * 1024;

/** An input's place, as `LeaderContext.poisoned` and the keys of dead letters name it. */
export function placeOf({ topic, partition, offset }: Cause): string {
  return `${topic}/${partition}/${offset}`;
}

/** Why the input cannot be handed to core; null where it can. */
export function reasonToRefuse({ topic, delivery }: FeedEntry, poisoned: ReadonlyMap<string, string>): string | null {
  switch (delivery.kind) {
    case 'message': {
      const { partition, offset, message } = delivery;
      const problem = inputProblem(message);
      if (problem !== null) return `The ${message.type} is refused: ${problem}.`;
      return poisoned.get(placeOf({ topic, partition, offset })) ?? null;
    }
    case 'tombstone':
      return 'The record has no value.';
    case 'undecodable':
      return delivery.reason;
    default:
      return delivery satisfies never;
  }
}

/** What to append for an input that was refused for `reason`. */
export function outcomesOfRefusal(entry: FeedEntry, reason: string): Outcome[] {
  const { topic, delivery } = entry;
  const value = bytesOf(entry);
  const outcomes: Outcome[] = [
    {
      type: 'Bury',
      message: {
        type: 'DeadLetter',
        topic,
        partition: delivery.partition,
        offset: delivery.offset,
        reason: reason.slice(0, MAX_REASON_LENGTH),
        value: value.length > MAX_BURIED_BYTES ? value.slice(0, MAX_BURIED_BYTES) : value,
      },
    },
  ];
  const reply = topic === 'commands' ? refusalOf(entry, value, reason) : null;
  if (reply !== null) outcomes.push({ type: 'Reply', message: reply });
  return outcomes;
}

function bytesOf({ delivery }: FeedEntry): Uint8Array {
  switch (delivery.kind) {
    case 'message':
      return encodeMessage(delivery.message);
    case 'tombstone':
      return new Uint8Array();
    case 'undecodable':
      return delivery.value;
    default:
      return delivery satisfies never;
  }
}

/** Null where there is no id to answer to. */
function refusalOf({ delivery }: FeedEntry, value: Uint8Array, reason: string): CommandReply | null {
  const ids = delivery.kind === 'message' ? idsOf(delivery.message) : idsInJson(value);
  // Whoever sets only a key finds the refusal under that key.
  const key = idOrNull(delivery.key);
  const commandId = ids.commandId ?? key;
  if (commandId === null) return null;
  const jobId = ids.jobId ?? key ?? '';
  const message = `The command at offset ${delivery.offset} of the topic commands was refused: ${reason.slice(0, MAX_REASON_LENGTH)}`;
  return { type: 'CommandReply', commandId, jobId, rejection: 'INVALID_COMMAND', message, path: null };
}

interface Ids {
  readonly commandId: string | null;
  readonly jobId: string | null;
}

const noIds: Ids = { commandId: null, jobId: null };

function idsInJson(value: Uint8Array): Ids {
  if (value[0] !== 0x7b || value.length > MAX_SEARCHED_BYTES) return noIds;
  try {
    return idsOf(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    // Not JSON after all: then it names nobody.
    return noIds;
  }
}

function idsOf(command: unknown): Ids {
  if (typeof command !== 'object' || command === null) return noIds;
  return {
    commandId: 'commandId' in command ? idOrNull(command.commandId) : null,
    jobId: 'jobId' in command ? idOrNull(command.jobId) : null,
  };
}

function idOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARS ? value : null;
}
