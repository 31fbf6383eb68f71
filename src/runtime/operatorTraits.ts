// What the rest of the code asks about a kind of operator without knowing it.
import type { OperatorSpec, SinkSpec, SourceSpec } from './operatorSpec.ts';

export function isSource(spec: OperatorSpec): spec is SourceSpec {
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
    case 'textFileSource':
    case 'readerSource':
      return true;
    default:
      return false;
  }
}

/** Whether a source comes to an end by itself. */
export function isBounded(spec: SourceSpec): boolean {
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
      return true;
    case 'textFileSource':
      return !spec.watch;
    case 'readerSource':
      return spec.source.boundedness === 'BOUNDED';
    default:
      return spec satisfies never;
  }
}

export function isSink(spec: OperatorSpec): spec is SinkSpec {
  switch (spec.type) {
    case 'printSink':
    case 'textFileSink':
    case 'discardSink':
    case 'collectSink':
    case 'writerSink':
      return true;
    default:
      return false;
  }
}

/** Commits only what complete checkpoints cover. */
export function isTwoPhaseSink(spec: OperatorSpec): boolean {
  return spec.type === 'writerSink' && spec.sink.createCommitter !== undefined;
}

/** Its records have timestamps that it gave them. */
export function assignsEventTime(spec: OperatorSpec): boolean {
  return (
    spec.type === 'assignTimestampsAndWatermarks' ||
    spec.type === 'window' ||
    (spec.type === 'readerSource' && spec.strategy !== null)
  );
}

/** Whether what it does may depend on timestamps and watermarks. To say so needlessly costs time on the exchanges before it, no more. */
export function looksAtEventTime(spec: OperatorSpec): boolean {
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
    case 'textFileSource':
    case 'readerSource':
    case 'map':
    case 'flatMap':
    case 'filter':
    case 'keyedReduce':
    case 'keyedSum':
    case 'printSink':
    case 'textFileSink':
    case 'discardSink':
    case 'collectSink':
      return false;
    case 'writerSink':
    case 'assignTimestampsAndWatermarks':
    case 'process':
    case 'keyedProcess':
    case 'coProcess':
    case 'keyedCoProcess':
    case 'intervalJoin':
    case 'asyncWait':
    case 'broadcastProcess':
    case 'keyedBroadcastProcess':
    case 'window':
      return true;
    default:
      return spec satisfies never;
  }
}
