// What `import … from 'sluice/kafka'` gives: Kafka topics as sources and sinks of a job.
export {
  avroValue,
  confluentAvroValue,
  jsonValue,
  stringValue,
  type ValueDeserializer,
} from '../values.ts';
export { type KafkaConnectionOptions, KafkaConnectorError, type KafkaConnectorErrorCode } from './connection.ts';
export type { KafkaDeserializer, KafkaMessage, KafkaSerializer, ProducerRecord } from './messages.ts';
export type { IsolationLevel, OffsetsInitializer } from './offsets.ts';
export { KafkaSink, type KafkaSinkOptions } from './sink.ts';
export { KafkaSource, type KafkaSourceOptions, type MalformedPolicy } from './source.ts';
