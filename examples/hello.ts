import { StreamExecutionEnvironment } from 'sluice';

const env = StreamExecutionEnvironment.getExecutionEnvironment();

env
  .fromElements('hello', 'world')
  .map((word) => word.toUpperCase())
  .print();

await env.execute('Hello');
