// Fails in an operator, at its third record.
import { StreamExecutionEnvironment } from 'sluice';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env
  .fromElements('one', 'two', 'three', 'four')
  .map((word) => {
    if (word === 'three') throw new Error(`cannot count beyond ${word}`);
    return word;
  })
  .print();
await env.execute('Failing');
