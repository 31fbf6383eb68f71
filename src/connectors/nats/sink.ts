// Records into JetStream streams: at least once, where each barrier waits until the servers have stored what came before it, or exactly once, where what
// comes between two barriers is kept in the checkpoint and published, atomically, when that is complete (see commits.ts).
import { createHash } from 'node:crypto';
import { ApiError, type Committer, type Sink, type SinkContext, type SinkWriter } from 'sluice';
import { Commits, type NatsCommittable } from './commits.ts';
import { checkServers, Nats, type NatsConnectionOptions } from './connection.ts';
import { Encoder } from './encoder.ts';
import type { NatsSerializer } from './messages.ts';
import { PreparingWriter, type WriterState } from './preparingWriter.ts';
import { PublishingWriter } from './publishingWriter.ts';
import { isSubject } from './subjects.ts';

export interface NatsSinkOptions<T> extends NatsConnectionOptions {
  /** Where records go that name no subject of their own. Some stream must take it. */
  readonly subject?: string | undefined;
  /** Default: the record itself as the value; it must be a string or bytes then. */
  readonly serializer?: NatsSerializer<T> | undefined;
  /** Default: 'at-least-once'. */
  readonly deliveryGuarantee?: 'at-least-once' | 'exactly-once' | undefined;
  /** For 'exactly-once': the stream that takes all subjects of the records. It must have `allow_atomic` (nats-server 2.12) and the retention `limits`. */
  readonly stream?: string | undefined;
  /**
   * For 'exactly-once': below it each subtask marks what it has committed, so the stream must have the subject `<commitSubject>.*`. Unique among
   * the jobs that write to the stream, the same in each run of this one, and of no interest to readers.
   */
  readonly commitSubject?: string | undefined;
  /** For 'exactly-once': what a subtask keeps between two checkpoints, in bytes; more fails it. Default: 64 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** What becomes of prepared records of which it can't be told whether they are in the stream, see COMMIT_LOST. Default: 'fail'. */
  readonly onLostCommit?: 'fail' | 'ignore' | undefined;
  /** How long a record is tried while servers are away, in ms; the task takes no more meanwhile. Then it fails. Default: 120,000. */
  readonly deliveryTimeoutMs?: number | undefined;
}

const DEFAULT_MAX_PENDING_BYTES = 64 * 1024 * 1024;
const DEFAULT_DELIVERY_TIMEOUT_MS = 120_000;

/** What a subtask's writer and committer share. */
interface Shared {
  readonly nats: Nats;
  readonly commits: Commits;
}

export class NatsSink<T = string> implements Sink<T, NatsCommittable, WriterState> {
  readonly createCommitter?: (context: SinkContext) => Committer<NatsCommittable>;
  readonly #options: NatsSinkOptions<T>;
  readonly #shared = new WeakMap<SinkContext, Shared>();

  constructor(options: NatsSinkOptions<T>) {
    check(options);
    this.#options = options;
    if (options.deliveryGuarantee !== 'exactly-once') return;
    this.createCommitter = (context) => {
      const { nats, commits } = this.#sharedIn(context);
      return { commit: (committables) => commits.commit(committables), close: () => nats.close() };
    };
  }

  createWriter(context: SinkContext): SinkWriter<T, NatsCommittable, WriterState> {
    const { subject, serializer, deliveryTimeoutMs = DEFAULT_DELIVERY_TIMEOUT_MS, maxPendingBytes } = this.#options;
    const encoder = new Encoder(subject, serializer);
    if (this.createCommitter === undefined)
      return new PublishingWriter(new Nats(this.#options), encoder, deliveryTimeoutMs);
    const { nats, commits } = this.#sharedIn(context);
    return new PreparingWriter(nats, commits, encoder, {
      stream: this.#options.stream!,
      commitSubject: this.#options.commitSubject!,
      mark: markOf(this.#options.commitSubject!, context),
      maxPendingBytes: maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES,
      onLost: this.#options.onLostCommit ?? 'fail',
      timeoutMs: deliveryTimeoutMs,
    });
  }

  #sharedIn(context: SinkContext): Shared {
    const known = this.#shared.get(context);
    if (known !== undefined) return known;
    const { stream, commitSubject, onLostCommit = 'fail' } = this.#options;
    const { deliveryTimeoutMs = DEFAULT_DELIVERY_TIMEOUT_MS } = this.#options;
    const nats = new Nats(this.#options);
    const shared = { nats, commits: new Commits(nats, stream!, commitSubject!, deliveryTimeoutMs, onLostCommit) };
    this.#shared.set(context, shared);
    return shared;
  }
}

/** Of one subtask at one parallelism: after a change others take over what was prepared, and nobody else may count on meanwhile. */
function markOf(commitSubject: string, context: SinkContext): string {
  const { operatorUid, numberOfParallelSubtasks, indexOfThisSubtask } = context;
  const operator = createHash('sha256').update(operatorUid).digest('hex').slice(0, 12);
  return `${commitSubject}.${operator}-${numberOfParallelSubtasks}-${indexOfThisSubtask}`;
}

function check<T>(options: NatsSinkOptions<T>): void {
  const { subject, serializer, deliveryGuarantee, stream, commitSubject, maxPendingBytes = 1 } = options;
  const refuse = (text: string): never => {
    throw new ApiError('INVALID_ARGUMENT', `NatsSink: ${text}`);
  };
  checkServers('NatsSink', options);
  if (subject === undefined && serializer === undefined) refuse('name a subject, or give a serializer that does.');
  if (subject !== undefined && !isSubject(subject, false)) refuse(`'${subject}' is no subject to write to.`);
  if (!(maxPendingBytes > 0)) refuse('maxPendingBytes is a number above 0.');
  if (deliveryGuarantee !== 'exactly-once') return;
  if (!stream) refuse("'exactly-once' needs the name of the stream.");
  if (!isSubject(commitSubject, false))
    refuse("'exactly-once' needs a commitSubject, unique among the jobs that write to the stream.");
}
