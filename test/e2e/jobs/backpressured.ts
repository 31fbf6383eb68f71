// Numbers from 1 to `count`, as fast as they are taken, counted by key; what counts them is slow, so that sources wait for it all the time.
import { StreamExecutionEnvironment } from 'sluice';

const PAUSE_MS = 0.15;

export default async function main([count, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  env
    .fromSequence(1, Number(count))
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => {
      Atomics.wait(pause, 0, 0, PAUSE_MS);
      return `${n} ${sum}`;
    })
    .writeAsText(output!);
  await env.execute('Backpressured');
}
