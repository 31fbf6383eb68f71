// Everything that `import … from 'sluice'` gives. A bundled job takes the same values from here at run time, so that job and slot share
// one instance of the API wherever the bundle lies.

export {
  type AsyncFunction,
  type AsyncRetryOptions,
  AsyncRetryStrategies,
  type AsyncRetryStrategy,
} from '../runtime/asyncFunctions.ts';
export type {
  BroadcastProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  ReadOnlyBroadcastState,
} from '../runtime/broadcastFunctions.ts';
export type { CheckpointedFunction, FunctionInitializationContext } from '../runtime/checkpointedFunction.ts';
export type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
} from '../runtime/coFunctions.ts';
export type { Committer, Sink, SinkContext, SinkWriteContext, SinkWriter } from '../runtime/connectors/sink.ts';
export type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
} from '../runtime/connectors/source.ts';
export type { ProcessJoinContext, ProcessJoinFunction } from '../runtime/joinFunctions.ts';
export {
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type OnTimerContext,
  OutputTag,
  type ProcessContext,
  type ProcessFunction,
  type TimerService,
  type TimeView,
} from '../runtime/processFunctions.ts';
export type { RecordSerializer } from '../runtime/recordSerializer.ts';
export { avro } from '../runtime/state/avroSerializer.ts';
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
export type { OperatorStateStore } from '../runtime/state/functionState.ts';
export type { StateBackendKind } from '../runtime/state/stateBackendKind.ts';
export type { StateSerializer } from '../runtime/state/stateSerializer.ts';
export type { AggregatingState, ListState, MapState, ReducingState, ValueState } from '../runtime/state/states.ts';
export type { ConnectorContext } from '../runtime/subtaskContext.ts';
export type { FunctionProvider, RichFunction, RuntimeContext } from '../runtime/userFunction.ts';
export {
  type EventTimeStrategy,
  type TimestampAssigner,
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkStrategy,
} from '../runtime/watermarkStrategy.ts';
export {
  EventTimeSessionWindows,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowTimeGapExtractor,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from '../runtime/windows/assigners.ts';
export { ContinuousEventTimeTrigger, ContinuousProcessingTimeTrigger } from '../runtime/windows/continuousTriggers.ts';
export {
  CountEvictor,
  type Evictor,
  type EvictorContext,
  TimeEvictor,
  type TimestampedValue,
} from '../runtime/windows/evictors.ts';
export {
  CountTrigger,
  EventTimeTrigger,
  NeverTrigger,
  type OnMergeContext,
  ProcessingTimeTrigger,
  PurgingTrigger,
  type Trigger,
  type TriggerContext,
  type TriggerResult,
} from '../runtime/windows/triggers.ts';
export { GlobalWindow, TimeWindow, type Window } from '../runtime/windows/window.ts';
export type {
  KeyedStateStore,
  ProcessAllWindowFunction,
  ProcessWindowContext,
  ProcessWindowFunction,
} from '../runtime/windows/windowFunctions.ts';
export { ApiError, type ApiErrorCode } from './apiError.ts';
export { AsyncDataStream } from './asyncDataStream.ts';
export { BroadcastConnectedStream, BroadcastStream, KeyedBroadcastConnectedStream } from './broadcastStream.ts';
export type { CheckpointingOptions } from './checkpointing.ts';
export { ConnectedStreams, KeyedConnectedStreams } from './connectedStreams.ts';
export { DataGeneratorSource, type GeneratorFunction } from './dataGeneratorSource.ts';
export { DataStream } from './dataStream.ts';
export { DataStreamSink } from './dataStreamSink.ts';
export { DiscardingSink } from './discardingSink.ts';
export { StreamExecutionEnvironment } from './environment.ts';
export type { JobExecutionResult } from './executor.ts';
export type { ComparableField, Key, NumericField } from './fieldTypes.ts';
export type { Collector, FilterFunction, FlatMapFunction, MapFunction } from './functions.ts';
export { IntervalJoin, IntervalJoined } from './intervalJoin.ts';
export { CoGroupedStreams, CoGroupWindows, JoinedStreams, JoinWindows, type TaggedUnion } from './joinedStreams.ts';
export { KeyedStream } from './keyedStream.ts';
export { DataStreamSource, SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';
export type { SocketOptions, SocketSerializer, SocketSinkOptions } from './sockets.ts';
export type { SourceOptions, TextFileOptions } from './sourceOptions.ts';
export type { RuntimeMode } from './streamGraph.ts';
export { AllWindowedStream, WindowedStream } from './windowedStream.ts';
