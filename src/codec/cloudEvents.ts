// Headers of every record: CloudEvents 1.0 in Kafka's binary mode, so that other tools can route and trace records without decoding them.
// They cost more bytes than a small message has, so the values that repeat are shared and the others kept short.
import type { MessageType } from './topicTypes.ts';

export type Headers = Readonly<Record<string, string>>;

export class CloudEventHeaders {
  private readonly source: string;
  private readonly now: () => number;
  private readonly idPrefix: string;
  private count = 0;
  private timeMs = Number.NaN;
  private time = '';

  constructor(source: string, now: () => number) {
    this.source = source;
    this.now = now;
    // CloudEvents wants ids unique per source: a process that starts again under its name counts from another prefix.
    this.idPrefix = `${now().toString(36)}-`;
  }

  /** Headers for one message; those given are added and cannot replace CloudEvents' own. */
  of(type: MessageType, given: Headers | undefined): Headers {
    const nowMs = this.now();
    if (nowMs !== this.timeMs) {
      this.timeMs = nowMs;
      this.time = new Date(nowMs).toISOString();
    }
    const headers = {
      ce_specversion: '1.0',
      ce_id: this.idPrefix + (++this.count).toString(36),
      ce_type: `sluice.${type}`,
      ce_source: this.source,
      ce_time: this.time,
      'content-type': 'application/avro',
    };
    return given === undefined ? headers : { ...given, ...headers };
  }
}
