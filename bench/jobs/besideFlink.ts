// The jobs of `npm run bench -- flink`; the same as in bench/flink/BenchJobs.java, step by step. Arguments: job, records, checkpoint interval in
// ms (0: none), records/s (0: as many as it can), file for the latencies or, for other jobs, for how many results each subtask of the sink got and
// what they add up to ("": not counted).
import fs from 'node:fs';
import {
  type DataStream,
  type RuntimeContext,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';

const LINES = Array.from({ length: 1_000 }, (_, i) =>
  Array.from({ length: 10 }, (_, j) => `word${(i * 31 + j * 17) % 997}`).join(' '),
);

/** Milliseconds from source to here, without the first fifth, in which code is compiled. */
class Latency {
  // Each subtask has a copy, and a copy has no private members.
  readonly file: string;
  readonly ms: number[] = [];

  constructor(file: string) {
    this.file = file;
  }

  map([, stampedMs]: [number, number]): number {
    const latencyMs = performance.now() - stampedMs;
    this.ms.push(latencyMs);
    return latencyMs;
  }

  close(): void {
    const counted = Float64Array.from(this.ms.slice(Math.floor(this.ms.length / 5))).sort();
    if (counted.length === 0) return;
    fs.writeFileSync(
      this.file,
      `${counted[Math.floor(counted.length / 2)]} ${counted[Math.floor(counted.length * 0.99)]}`,
    );
  }
}

/** What a sink gets, counted and added up. */
class Counted<T extends number | [unknown, number]> {
  readonly file: string;
  subtask = 0;
  count = 0;
  sum = 0;

  constructor(file: string) {
    this.file = file;
  }

  open(context: RuntimeContext): void {
    this.subtask = context.indexOfThisSubtask;
  }

  map(value: T): T {
    this.count++;
    this.sum += typeof value === 'number' ? value : value[1];
    return value;
  }

  close(): void {
    fs.writeFileSync(`${this.file}-${this.subtask}`, `${this.count} ${this.sum}`);
  }
}

export default async function main([job, records, checkpointMs, rate, file]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  if (Number(checkpointMs) > 0) env.enableCheckpointing(Number(checkpointMs));
  const numbers = env.fromSequence(
    0,
    Number(records) - 1,
    Number(rate) > 0 ? { recordsPerSecond: Number(rate) } : undefined,
  );
  const discard = <T extends number | [unknown, number]>(results: DataStream<T>): void => {
    if (file === undefined || file === '') results.discard();
    else results.map(new Counted<T>(file)).discard();
  };
  const keyed = (n: number): [number, number] => [n % 1_000, n];
  switch (job) {
    case 'wordcount':
      discard(
        numbers
          .map((n) => LINES[n % LINES.length]!)
          .flatMap((line) => line.split(' '))
          .map((word): [string, number] => [word, 1])
          .keyBy(([word]) => word)
          .sum(1),
      );
      break;
    case 'maps':
      discard(
        numbers
          .map((n) => n + 1)
          .map((n) => n * 2)
          .map((n) => n - 1),
      );
      break;
    case 'mapFilter':
      discard(
        numbers
          .map((n) => n * 3)
          .filter((n) => n % 2 === 0)
          .map((n) => n + 1),
      );
      break;
    case 'rebalance':
      discard(numbers.rebalance().map((n) => n + 1));
      break;
    case 'keyedSum':
      discard(
        numbers
          .map(keyed)
          .keyBy(([key]) => key)
          .sum(1),
      );
      break;
    case 'window':
      discard(
        numbers
          .map(keyed)
          .assignTimestampsAndWatermarks(
            WatermarkStrategy.forMonotonousTimestamps<[number, number]>().withTimestampAssigner(([, n]) =>
              Math.floor(n / 100),
            ),
          )
          .keyBy(([key]) => key)
          .window(TumblingEventTimeWindows.of(10_000))
          .sum(1),
      );
      break;
    case 'latency':
      numbers
        .map((n): [number, number] => [n % 1_000, performance.now()])
        .keyBy(([key]) => key)
        .map(new Latency(file!))
        .discard();
      break;
    default:
      throw new Error(`There is no job ${job}.`);
  }
  await env.execute(job);
}
