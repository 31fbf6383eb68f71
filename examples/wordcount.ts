// Counts the words of a text, emitting each word's new count as it changes.
//
//   wordcount.ts [--input PATH] [--output PATH] [--rate LINES_PER_SECOND] [--watch]
//
// Without --input it counts a short text of its own; without --output it prints. A folder as --input is read file by file, and with
// --watch the job stays and reads files that are added.
import { parseArgs } from 'node:util';
import { StreamExecutionEnvironment } from 'sluice';

const text = [
  'To be, or not to be, that is the question:',
  "Whether 'tis nobler in the mind to suffer",
  'The slings and arrows of outrageous fortune,',
  'Or to take arms against a sea of troubles,',
  'And by opposing end them.',
];

export default async function main(args: string[]) {
  const { values: options } = parseArgs({
    args,
    options: {
      input: { type: 'string' },
      output: { type: 'string' },
      rate: { type: 'string' },
      watch: { type: 'boolean', default: false },
    },
  });
  const recordsPerSecond = options.rate === undefined ? undefined : Number(options.rate);

  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const lines =
    options.input === undefined
      ? env.fromCollection(text, { recordsPerSecond })
      : env.readTextFile(options.input, { recordsPerSecond, watch: options.watch });

  const counts = lines
    .flatMap((line) => line.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [])
    .name('Split')
    .map((word) => [word, 1])
    .keyBy(([word]) => word)
    .sum(1)
    .name('Count');

  if (options.output === undefined) counts.print();
  else counts.writeAsText(options.output);

  await env.execute('WordCount');
}
