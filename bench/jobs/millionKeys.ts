// As many keys as are wanted, each touched once and then at random, in LMDB; ends after `count` records.
import { StreamExecutionEnvironment } from 'sluice';

const TEXT = 'x'.repeat(100);

export default async function main([keys, count, intervalMs, incremental]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(Number(intervalMs), { incremental: incremental === 'true' }).setStateBackend('lmdb');
  const many = Number(keys);
  env
    .fromSequence(1, Number(count))
    .map((n) => ({ key: n <= many ? n - 1 : (Math.imul(n, 2_654_435_761) >>> 0) % many, sum: 1, text: TEXT }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .discard();
  await env.execute('MillionKeys');
}
