// A job whose output is known to the last line: numbers from 1 to `count` at `rate` a second (jobs/heldSequence.ts), counted and summed by key, with checkpoints. The
// numbers of one key come from one subtask of the source (`slices` is its parallelism), hence in order: so each line is the same in every
// run, and one that is lost, repeated or built on lost state shows.
import { StreamExecutionEnvironment } from 'sluice';
import { keyOf, lineOf } from '../faultsCheck.ts';
import { heldSequence } from './heldSequence.ts';
import { sabotaged } from './sabotage.ts';

const CHECKPOINT_INTERVAL_MS = '200';

export default async function main([
  count,
  rate,
  slices,
  output,
  sabotage,
  intervalMs = CHECKPOINT_INTERVAL_MS,
]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(Number(intervalMs), { toleratedFailures: 100 });
  heldSequence(env, Number(count), Number(rate), output!, Number(slices))
    .map((n) => ({ key: keyOf(n, Number(count), Number(slices)), n, seen: 1, sum: n }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, seen: left.seen + 1, sum: left.sum + right.sum }))
    .map(sabotaged(sabotage))
    .map(lineOf)
    .writeAsText(output!);
  await env.execute('Self-checking');
}
