// What `import … from 'sluice/kafka'` gives: Kafka topics as sources and sinks of a job.
export { type KafkaConnectionOptions, KafkaConnectorError, type KafkaConnectorErrorCode } from './connection.ts';
export {
  avroValue,
  confluentAvroValue,
  jsonValue,
  type KafkaDeserializer,
  type KafkaMessage,
  type KafkaSerializer,
  type ProducerRecord,
  stringValue,
} from './deserializers.ts';
export type { IsolationLevel, OffsetsInitializer } from './offsets.ts';
export { KafkaSink, type KafkaSinkOptions } from './sink.ts';
export { KafkaSource, type KafkaSourceOptions, type MalformedPolicy } from './source.ts';
