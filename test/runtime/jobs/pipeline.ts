// A pipeline of numbers that its argument describes, so that a property test can make any. Every stage's output, as a multiset, follows
// from its input as a multiset.
import { type DataStream, StreamExecutionEnvironment } from 'sluice';

export type Stage =
  | { readonly op: 'increment' | 'dropThirds' | 'double' | 'rebalance' | 'fork'; readonly parallelism: number }
  /** Counts by remainder: key * 10,000 + running count. */
  | { readonly op: 'count'; readonly parallelism: number; readonly keys: number };

export interface Pipeline {
  readonly records: number;
  readonly sourceParallelism: number;
  readonly stages: readonly Stage[];
}

export default async function main([description]: string[]): Promise<void> {
  const { records, sourceParallelism, stages } = JSON.parse(description!) as Pipeline;
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  let stream: DataStream<number> = env.fromSequence(0, records - 1).setParallelism(sourceParallelism);
  for (const stage of stages) stream = apply(stream, stage);
  stream.print().setParallelism(1);
  await env.execute('pipeline');
}

function apply(stream: DataStream<number>, stage: Stage): DataStream<number> {
  const { parallelism } = stage;
  switch (stage.op) {
    case 'increment':
      return stream.map((x) => x + 1).setParallelism(parallelism);
    case 'dropThirds':
      return stream.filter((x) => x % 3 !== 0).setParallelism(parallelism);
    case 'double':
      return stream.flatMap((x) => [x, x + 7]).setParallelism(parallelism);
    case 'rebalance':
      return stream
        .rebalance()
        .map((x) => x)
        .setParallelism(parallelism);
    case 'fork':
      stream
        .map((x) => -x)
        .setParallelism(parallelism)
        .print()
        .setParallelism(1);
      return stream;
    case 'count':
      return stream
        .map((x): [number, number] => [x % stage.keys, 1])
        .keyBy(([key]) => key)
        .sum(1)
        .setParallelism(parallelism)
        .map(([key, count]) => key * 10_000 + count)
        .setParallelism(parallelism);
  }
}

/** The same in one loop. */
export function expectedLines({ records, stages }: Pipeline): string[] {
  let numbers = Array.from({ length: records }, (_, i) => i);
  const printed: number[] = [];
  for (const stage of stages) {
    switch (stage.op) {
      case 'increment':
        numbers = numbers.map((x) => x + 1);
        break;
      case 'dropThirds':
        numbers = numbers.filter((x) => x % 3 !== 0);
        break;
      case 'double':
        numbers = numbers.flatMap((x) => [x, x + 7]);
        break;
      case 'rebalance':
        break;
      case 'fork':
        printed.push(...numbers.map((x) => 0 - x));
        break;
      case 'count': {
        const counts = new Map<number, number>();
        numbers = numbers.map((x) => {
          const key = x % stage.keys;
          const count = (counts.get(key) ?? 0) + 1;
          counts.set(key, count);
          return key * 10_000 + count;
        });
      }
    }
  }
  return [...printed, ...numbers].map(String).sort();
}
