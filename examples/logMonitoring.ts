// Watches an access log: requests, errors and the 95th percentile of the latency of each service over the last minute, every ten seconds, and an alert
// when a service fails too often and when it has recovered. Lines come out of order; what is no line of the log is kept apart.
//
//   logMonitoring.ts [--input PATH [--watch] | --kafka BROKERS [--topic NAME] [--bounded] [--alerts NAME]]
//                    [--count LINES] [--rate LINES_PER_SECOND] [--seed N] [--output FOLDER]
//
// It generates its lines unless told where they are: in a file, in a folder, which is read file by file, with --watch also those that are added later, or
// in a topic (default: access-log), with --bounded up to its present end only. With --alerts the alerts go to that topic too, at least
// once. Without --output it prints the alerts and one line for each window; with it, FOLDER has statistics.jsonl, alerts.jsonl
// and malformed.txt.
import {
  type AggregateFunction,
  type DataStream,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  OutputTag,
  type RuntimeContext,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'sluice';
import { KafkaSink, KafkaSource, stringValue } from 'sluice/kafka';
import { settingsOf } from './arguments.ts';
import { ACCESS_LOG_MAX_DELAY_MS, accessLogLine, type Request } from './generators/accessLog.ts';

const WINDOW_MS = 60_000;
const SLIDE_MS = 10_000;
/** An alert is raised from this share of failed requests on, and cleared below the other: it must not flap between the two. */
const RAISE_FROM = 0.05;
const CLEAR_BELOW = 0.02;
/** Fewer requests in a window say nothing. */
const MIN_REQUESTS = 50;
/** Latencies are counted in buckets, each a tenth wider than the one before: so exact is the percentile. */
const BUCKET_GROWTH = 1.1;

export interface Statistics {
  readonly service: string;
  /** End of the window, ms since 1970. */
  readonly until: number;
  readonly requests: number;
  readonly errors: number;
  readonly p95Ms: number;
}

export interface Alert {
  readonly type: 'RAISED' | 'CLEARED';
  readonly service: string;
  /** The end of the window that decided it, ms since 1970. */
  readonly time: number;
  /** Share of the requests that failed in it. */
  readonly errorRate: number;
  /** Of CLEARED: how long the alert stood. */
  readonly lastedMs: number | null;
}

const malformed = new OutputTag<string>('malformed');
const LINE = /^(\S+Z) (\S+) (\S+) "([^"]+)" (\d{3}) (\d+)ms$/;

/** By the line's own time; what is no line does not move time on. */
const watermarks = WatermarkStrategy.forBoundedOutOfOrderness<string>(ACCESS_LOG_MAX_DELAY_MS)
  .withTimestampAssigner((line) => parse(line)?.time ?? 0)
  .withIdleness(30_000);

function parse(line: string): Request | null {
  const [, time, service, client, request, status, latency] = LINE.exec(line) ?? [];
  if (time === undefined || service === undefined || client === undefined || request === undefined) return null;
  return { time: Date.parse(time), service, client, request, status: Number(status), latencyMs: Number(latency) };
}

interface Tally {
  requests: number;
  errors: number;
  /** Requests by bucket of latency. */
  readonly buckets: Record<number, number>;
}

const tally: AggregateFunction<Request, Tally, Omit<Statistics, 'service' | 'until'>> = {
  createAccumulator: () => ({ requests: 0, errors: 0, buckets: {} }),
  add({ status, latencyMs }, tally) {
    const bucket = Math.ceil(Math.log(Math.max(1, latencyMs)) / Math.log(BUCKET_GROWTH));
    tally.requests++;
    if (status >= 500) tally.errors++;
    tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + 1;
    return tally;
  },
  getResult: ({ requests, errors, buckets }) => ({ requests, errors, p95Ms: percentile(buckets, 0.95 * requests) }),
  merge(left, right) {
    for (const [bucket, count] of Object.entries(right.buckets))
      left.buckets[Number(bucket)] = (left.buckets[Number(bucket)] ?? 0) + count;
    left.requests += right.requests;
    left.errors += right.errors;
    return left;
  },
};

/** The upper bound of the bucket in which the request of this rank is. */
function percentile(buckets: Readonly<Record<number, number>>, rank: number): number {
  let seen = 0;
  // Whole numbers as properties are enumerated in their order.
  for (const [bucket, count] of Object.entries(buckets)) {
    seen += count;
    if (seen >= rank) return Math.round(BUCKET_GROWTH ** Number(bucket));
  }
  return 0;
}

/** Remembers for each service since when it is in trouble. */
class Alerting implements KeyedProcessFunction<string, Statistics, Alert> {
  #since!: ValueState<number>;

  open(context: RuntimeContext): void {
    this.#since = context.getState(new ValueStateDescriptor<number>('since'));
  }

  processElement(statistics: Statistics, _: KeyedProcessContext<string>, out: (alert: Alert) => void): void {
    const { service, until: time, requests, errors } = statistics;
    const errorRate = errors / requests;
    const since = this.#since.value();
    if (since === undefined && requests >= MIN_REQUESTS && errorRate >= RAISE_FROM) {
      this.#since.update(time);
      out({ type: 'RAISED', service, time, errorRate, lastedMs: null });
    } else if (since !== undefined && errorRate < CLEAR_BELOW) {
      this.#since.clear();
      out({ type: 'CLEARED', service, time, errorRate, lastedMs: time - since });
    }
  }
}

export default async function main(args: string[]): Promise<void> {
  const { count, rate, seed, output, own } = settingsOf(
    args,
    { count: 24_000 },
    {
      input: { type: 'string' },
      watch: { type: 'boolean' },
      kafka: { type: 'string' },
      topic: { type: 'string' },
      alerts: { type: 'string' },
      bounded: { type: 'boolean' },
    },
  );
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(1_000);

  const inputs = (): DataStream<string> => {
    if (own.kafka !== undefined) {
      const source = new KafkaSource({
        brokers: own.kafka.split(','),
        topics: own.topic ?? 'access-log',
        deserializer: stringValue(),
        stoppingOffsets: own.bounded ? 'latest' : undefined,
      });
      // Each partition has watermarks of its own: one may be read far ahead of another.
      return env.fromSource(source, watermarks, 'Access log', { recordsPerSecond: rate });
    }
    if (own.input !== undefined) {
      return env
        .readTextFile(own.input, { recordsPerSecond: rate, watch: own.watch })
        .assignTimestampsAndWatermarks(watermarks);
    }
    // In one subtask, as one log has one end: the halves of a range read side by side would be far apart in time.
    return env
      .fromSequence(0, count - 1, { recordsPerSecond: rate })
      .setParallelism(1)
      .map((index) => accessLogLine(seed, index))
      .setParallelism(1)
      .name('Access log')
      .assignTimestampsAndWatermarks(watermarks)
      .setParallelism(1);
  };

  const requests = inputs()
    .process<Request>((line, context, out) => {
      const request = parse(line);
      if (request === null) context.output(malformed, line);
      else out(request);
    })
    .name('Parse');

  const statistics = requests
    .keyBy(({ service }) => service)
    .window(SlidingEventTimeWindows.of(WINDOW_MS, SLIDE_MS))
    .aggregate<Tally, Omit<Statistics, 'service' | 'until'>, Statistics>(tally, (service, { window }, [result], out) =>
      out({ service, until: window.end, ...result! }),
    )
    .name('Last minute')
    .uid('last-minute');

  const alerts = statistics
    .keyBy(({ service }) => service)
    .process(Alerting)
    .name('Alerts')
    .uid('alerts');

  if (own.kafka !== undefined && own.alerts !== undefined) {
    const sink = new KafkaSink<Alert>({
      brokers: own.kafka.split(','),
      topic: own.alerts,
      serializer: (alert) => ({ key: alert.service, value: JSON.stringify(alert), timestamp: alert.time }),
      // An alert that comes twice after a failure does no harm, and so it comes at once, not with the next checkpoint.
      deliveryGuarantee: 'at-least-once',
    });
    alerts.sinkTo(sink).name('Alerts to Kafka').uid('alerts-to-kafka');
  }
  if (output === undefined) {
    statistics.map(describeStatistics).print().setParallelism(1);
    alerts.map(describeAlert).print().setParallelism(1);
    requests
      .getSideOutput(malformed)
      .map((line) => `???      not a line of the log: ${line}`)
      .print()
      .setParallelism(1);
  } else {
    statistics
      .map((record) => JSON.stringify(record))
      .writeAsText(`${output}/statistics.jsonl`)
      .setParallelism(1);
    alerts
      .map((record) => JSON.stringify(record))
      .writeAsText(`${output}/alerts.jsonl`)
      .setParallelism(1);
    requests.getSideOutput(malformed).writeAsText(`${output}/malformed.txt`).setParallelism(1);
  }
  await env.execute('Log monitoring');
}

function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

function describeStatistics({ service, until, requests, errors, p95Ms }: Statistics): string {
  return `${clock(until)} ${service.padEnd(10)} ${requests} requests/min, ${errors} failed, p95 ${p95Ms} ms`;
}

function describeAlert({ type, service, time, errorRate, lastedMs }: Alert): string {
  const share = `${(100 * errorRate).toFixed(1)} % of the requests fail`;
  return type === 'RAISED'
    ? `${clock(time)} ALERT     ${service}: ${share}`
    : `${clock(time)} RECOVERED ${service} after ${lastedMs! / 1_000} s: ${share}`;
}
