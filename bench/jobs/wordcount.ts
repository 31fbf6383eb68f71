// The WordCount that Flink was measured with: the lines `word<(i·31 + j·17) mod 997>`, j = 0…9, for i = 0, 1, 2 … mod 1000, split by a single
// blank, each word with a 1, summed by word with every update emitted, and discarded.
import { StreamExecutionEnvironment } from 'sluice';

const LINES = Array.from({ length: 1_000 }, (_, i) =>
  Array.from({ length: 10 }, (_, j) => `word${(i * 31 + j * 17) % 997}`).join(' '),
);

export default async function main([lines]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(0, Number(lines) - 1)
    .map((i) => LINES[i % LINES.length]!)
    .flatMap((line) => line.split(' '))
    .map((word): [string, number] => [word, 1])
    .keyBy(([word]) => word)
    .sum(1)
    .discard();
  await env.execute('WordCount');
}
