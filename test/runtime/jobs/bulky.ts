// Records of so many bytes, as many as are taken, over an exchange into `print`, which gets the number and length of each, padded to so many characters.
import { randomBytes } from 'node:crypto';
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([bytes, records, printed = '0']: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(1, Number(records))
    // Each text of its own: shared ones would cost nothing.
    .map((n) => `${n} ${randomBytes(Number(bytes) / 2).toString('hex')}`)
    .name('Bulk')
    .rebalance()
    .map((text) => `${text.split(' ', 1)[0]} ${text.length}`.padEnd(Number(printed)))
    .print();
  await env.execute('bulky');
}
