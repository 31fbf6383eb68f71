// What the rest of the code asks about a kind of operator without knowing it.
import type { OperatorSpec, SinkSpec, SourceSpec } from './operatorSpec.ts';

export function isSource(spec: OperatorSpec): spec is SourceSpec {
  return spec.type === 'collectionSource' || spec.type === 'sequenceSource' || spec.type === 'textFileSource';
}

/** Whether a source comes to an end by itself. */
export function isBounded(spec: SourceSpec): boolean {
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
      return true;
    case 'textFileSource':
      return !spec.watch;
    default:
      return spec satisfies never;
  }
}

export function isSink(spec: OperatorSpec): spec is SinkSpec {
  return spec.type === 'printSink' || spec.type === 'textFileSink' || spec.type === 'discardSink';
}

/** Its records have timestamps that it gave them. */
export function assignsEventTime(spec: OperatorSpec): boolean {
  return spec.type === 'assignTimestampsAndWatermarks' || spec.type === 'window';
}

/** Whether what it does may depend on timestamps and watermarks. To say so needlessly costs time on the exchanges before it, no more. */
export function looksAtEventTime(spec: OperatorSpec): boolean {
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
    case 'textFileSource':
    case 'map':
    case 'flatMap':
    case 'filter':
    case 'keyedReduce':
    case 'keyedSum':
    case 'printSink':
    case 'textFileSink':
    case 'discardSink':
      return false;
    case 'assignTimestampsAndWatermarks':
    case 'process':
    case 'keyedProcess':
    case 'coProcess':
    case 'keyedCoProcess':
    case 'window':
      return true;
    default:
      return spec satisfies never;
  }
}
