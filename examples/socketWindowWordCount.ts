// Flink's quickstart: counts the words that come over a socket, by windows of five seconds.
//
//   socketWindowWordCount.ts --port PORT [--hostname NAME] [--window SECONDS] [--to PORT]
//
// In another terminal, before: nc -lk 9000. With --to the counts are written to a second server instead of being printed.
import { parseArgs } from 'node:util';
import { StreamExecutionEnvironment, TumblingProcessingTimeWindows } from 'sluice';
import { numberOf } from './arguments.ts';

export default async function main(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      hostname: { type: 'string', default: 'localhost' },
      port: { type: 'string' },
      window: { type: 'string' },
      to: { type: 'string' },
    },
  });
  const port = numberOf('port', values.port, 1);
  if (port === undefined) throw new Error('Name the port of a server, such as --port 9000 for: nc -lk 9000.');
  const to = numberOf('to', values.to, 1);

  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const counts = env
    .socketTextStream(values.hostname, port)
    .flatMap((line) => line.split(/\s+/).filter((word) => word !== ''))
    .map((word) => [word, 1])
    .keyBy(([word]) => word)
    .window(TumblingProcessingTimeWindows.of((numberOf('window', values.window, 0.001) ?? 5) * 1_000))
    .reduce(([word, left], [, right]) => [word, left + right])
    .map(([word, count]) => `${word} : ${count}`)
    .setParallelism(1);

  if (to === undefined) counts.print();
  else counts.writeToSocket(values.hostname, to, (text) => `${text}\n`);

  await env.execute('Socket Window WordCount');
}
