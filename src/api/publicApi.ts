// Everything that `import … from 'sluice'` gives. A bundled job takes the same values from here at run time, so that job and slot share
// one instance of the API wherever the bundle lies.

export {
  type AggregateFunction,
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  type ReduceFunction,
  ReducingStateDescriptor,
  type StateOptions,
  type StateTtlConfig,
  ValueStateDescriptor,
  type ValueStateOptions,
} from '../runtime/state/descriptors.ts';
export type { StateSerializer } from '../runtime/state/stateSerializer.ts';
export type { AggregatingState, ListState, MapState, ReducingState, ValueState } from '../runtime/state/states.ts';
export type { RichFunction, RuntimeContext } from '../runtime/userFunction.ts';
export {
  type EventTimeStrategy,
  type TimestampAssigner,
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkStrategy,
} from '../runtime/watermarkStrategy.ts';
export { ApiError, type ApiErrorCode } from './apiError.ts';
export type { CheckpointingOptions } from './checkpointing.ts';
export {
  type Collector,
  DataStream,
  DataStreamSink,
  DataStreamSource,
  DiscardingSink,
  KeyedStream,
  SingleOutputStreamOperator,
} from './dataStream.ts';
export { type SourceOptions, StreamExecutionEnvironment, type TextFileOptions } from './environment.ts';
export type { JobExecutionResult } from './executor.ts';
export type { Key, NumericField } from './fieldTypes.ts';
