// Counts words of generated lines; the counts at the end are printed or discarded.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([lines, sink]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const counts = env
    .fromSequence(0, Number(lines) - 1)
    .map((i) => {
      const words: string[] = [];
      for (let j = 0; j < 10; j++) words.push(`word${((i % 1000) * 31 + j * 17) % 997}`);
      return words.join(' ');
    })
    .flatMap((line: string) => line.split(' '))
    .map((word): [string, number] => [word, 1])
    .keyBy(([word]) => word)
    .sum(1);
  if (sink === 'print') counts.print();
  else counts.discard();
  await env.execute('word count');
}
