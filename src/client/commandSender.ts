// Sends commands and waits for their answers. It listens before it sends, and sends the same command again while no answer comes, which
// is harmless: a command id is carried out once. Any leader may answer, also one that took over meanwhile.
import type { Channels } from '../codec/channels.ts';
import { appendDurably } from '../codec/durableAppend.ts';
import type { Command } from '../core/inputs.ts';
import type { CommandReply } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Tail } from '../ports/journal.ts';
import { JobClientError } from './errors.ts';
import { askUntilAnswered } from './reading.ts';

/** A command is sent this many times within its wait. */
const SENDINGS = 3;

export interface CommandSenderOptions {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly replyTimeoutMs: number;
}

interface Pending {
  readonly resolve: (reply: CommandReply) => void;
  readonly reject: (error: Error) => void;
}

export class CommandSender {
  readonly #options: CommandSenderOptions;
  /** By command id; each waits for a bounded time. */
  readonly #pending = new Map<string, Set<Pending>>();
  #tail: Promise<Tail> | null = null;
  #closed = false;

  constructor(options: CommandSenderOptions) {
    this.#options = options;
  }

  /** Begins to listen for replies, so that the first command needs no more than its own round trip. */
  async open(): Promise<void> {
    this.#tail ??= this.#follow();
    await this.#tail;
  }

  /** The leader's reply, a refusal included. Rejects with a JobClientError. */
  async send(command: Command, replyTimeoutMs = this.#options.replyTimeoutMs): Promise<CommandReply> {
    const { clock } = this.#options;
    const { commandId } = command;
    if (this.#closed) throw closed();
    const abort = new AbortController();
    let sent = false;
    let cause: unknown;
    const sendOnce = async (): Promise<void> => {
      await askUntilAnswered(() => this.open(), clock, abort.signal);
      await appendDurably(
        this.#options.channels,
        'commands',
        [{ key: subjectOf(command) ?? commandId, message: command }],
        {
          clock,
          signal: abort.signal,
          onRetry: (error) => {
            cause = error;
          },
        },
      );
      sent = true;
    };
    return new Promise<CommandReply>((resolve, reject) => {
      const timers = Array.from({ length: SENDINGS - 1 }, (_, index) =>
        clock.after((replyTimeoutMs * (index + 1)) / SENDINGS, () => {
          if (sent) sendOnce().catch(() => {});
        }),
      );
      timers.push(clock.after(replyTimeoutMs, () => pending.reject(noReply(command, replyTimeoutMs, sent, cause))));
      const settle = (): void => {
        for (const timer of timers) timer.cancel();
        abort.abort(new Error('the wait for this command is over'));
        const waiting = this.#pending.get(commandId);
        waiting?.delete(pending);
        if (waiting?.size === 0) this.#pending.delete(commandId);
      };
      const pending: Pending = {
        resolve: (reply) => {
          settle();
          resolve(reply);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const waiting = this.#pending.get(commandId);
      if (waiting === undefined) this.#pending.set(commandId, new Set([pending]));
      else waiting.add(pending);
      sendOnce().catch((error: unknown) => pending.reject(notSent(command, error)));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#rejectAll(closed());
    await (await this.#tail?.catch(() => null))?.close();
  }

  #follow(): Promise<Tail> {
    const following = this.#options.channels.follow('replies', {
      from: () => 'latest',
      onBatch: ({ deliveries }) => {
        for (const delivery of deliveries) {
          if (delivery.kind !== 'message') continue;
          for (const pending of this.#pending.get(delivery.message.commandId) ?? []) pending.resolve(delivery.message);
        }
      },
      onError: (error) => {
        this.#tail = null;
        const message = `The topic replies can no longer be followed (${error.message}); send the command again, with the same command id.`;
        this.#rejectAll(new JobClientError('JOURNAL_UNREADABLE', message, { cause: error }));
      },
    });
    following.catch(() => {
      // The next command tries again.
      this.#tail = null;
    });
    return following;
  }

  #rejectAll(error: Error): void {
    for (const waiting of [...this.#pending.values()]) for (const pending of [...waiting]) pending.reject(error);
  }
}

export function closed(): JobClientError {
  return new JobClientError('CLIENT_CLOSED', 'The client was closed; connect another one to go on.');
}

function noReply(command: Command, waitedMs: number, sent: boolean, cause: unknown): JobClientError {
  const { commandId } = command;
  const what = nameOf(command);
  if (!sent) {
    const because = cause instanceof Error ? ` (${cause.message})` : '';
    return new JobClientError(
      'COMMAND_NOT_SENT',
      `${what} could not be written to the journal within ${waitedMs} ms${because}: check that the journal runs and can be reached; if you try again, use the same command id ${commandId}.`,
      { cause },
    );
  }
  return new JobClientError(
    'REPLY_TIMEOUT',
    `No JobManager answered ${what} within ${waitedMs} ms: check that one runs and leads. The command is in the log and is carried out as soon as one does; if you try again, use the same command id ${commandId}, so that it is carried out once.`,
  );
}

function notSent(command: Command, cause: unknown): Error {
  if (cause instanceof JobClientError) return cause;
  const because = cause instanceof Error ? cause.message : String(cause);
  return new JobClientError('COMMAND_NOT_SENT', `${nameOf(command)} could not be sent: ${because}`, { cause });
}

/** The job that the command is about, if any. */
function subjectOf(command: Command): string | null {
  return 'jobId' in command ? command.jobId : null;
}

function nameOf(command: Command): string {
  const jobId = subjectOf(command);
  return jobId === null ? command.type : `${command.type} for job ${jobId}`;
}
