import { StreamExecutionEnvironment } from 'sluice';

const env = StreamExecutionEnvironment.getExecutionEnvironment();

env
  .fromSequence(1, 5)
  .map((n) => n + 1)
  .print();

await env.execute('Increment');
