// What `import … from 'sluice/nats'` gives: JetStream streams as sources and sinks of a job.
export { avroValue, confluentAvroValue, jsonValue, stringValue, type ValueDeserializer } from '../values.ts';
export { type NatsConnectionOptions, NatsConnectorError, type NatsConnectorErrorCode } from './connection.ts';
export type { NatsDeserializer, NatsMessage, NatsRecord, NatsSerializer } from './messages.ts';
export { NatsSink, type NatsSinkOptions } from './sink.ts';
export { type DeliverPolicy, type MalformedPolicy, NatsSource, type NatsSourceOptions } from './source.ts';
