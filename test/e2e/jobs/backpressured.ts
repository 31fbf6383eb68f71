// Numbers from 1 to `count`, as fast as they are taken, counted by key; what counts them is slow, so that sources wait for it all the time, until the
// job's output is released (held.ts).
import fs from 'node:fs';
import { StreamExecutionEnvironment } from 'sluice';

const PAUSE_MS = 0.15;
/** Between two looks at whether it was released. */
const RECORDS_PER_LOOK = 200;

export default async function main([count, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let released = false;
  let records = 0;
  env
    .fromSequence(1, Number(count))
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => {
      if (records++ % RECORDS_PER_LOOK === 0) released = fs.existsSync(`${output}.released`);
      if (!released) Atomics.wait(pause, 0, 0, PAUSE_MS);
      return `${n} ${sum}`;
    })
    .writeAsText(output!);
  await env.execute('Backpressured');
}
