// Turns a chain of operators into one function that takes a record: each operator is a closure that calls the next directly, built once a
// task. A user function's error is reported under its operator's name, however deep in the chain it was thrown.
import { inOperator, TaskError } from './errors.ts';
import { keyedReduce, keyedSum } from './keyedOperators.ts';
import type { ChainNode, OperatorSpec, OutgoingExchange } from './operatorSpec.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { Collect } from './taskContext.ts';

export type SourceSpec = Extract<OperatorSpec, { type: 'collectionSource' | 'sequenceSource' | 'textFileSource' }>;
export type SinkSpec = Extract<OperatorSpec, { type: 'printSink' | 'textFileSink' | 'discardSink' }>;

/** Where a chain ends. */
export interface ChainEnds {
  /** Entry of an exchange that leaves the operator. */
  exchange(node: ChainNode, exchange: OutgoingExchange): Collect;
  sink(node: ChainNode, spec: SinkSpec): Collect;
  /** Where the operator keeps its keyed state, which is part of its task's. */
  keyedState(node: ChainNode): KeyedStateBackend;
}

/** The function that takes the records of the chain's head; for a source, those that it reads. */
export function buildChain(node: ChainNode, ends: ChainEnds): Collect {
  const { spec, name } = node;
  switch (spec.type) {
    case 'collectionSource':
    case 'sequenceSource':
    case 'textFileSource':
      return outputsOf(node, ends);
    case 'map':
      return map(name, spec.fn, outputsOf(node, ends));
    case 'flatMap':
      return flatMap(name, spec.fn, outputsOf(node, ends));
    case 'filter':
      return filter(name, spec.fn, outputsOf(node, ends));
    case 'keyedReduce':
      return keyedReduce(node, spec, outputsOf(node, ends), ends.keyedState(node));
    case 'keyedSum':
      return keyedSum(node, spec, outputsOf(node, ends), ends.keyedState(node));
    case 'printSink':
    case 'textFileSink':
    case 'discardSink':
      return ends.sink(node, spec);
    default:
      return spec satisfies never;
  }
}

export function isSource(spec: OperatorSpec): spec is SourceSpec {
  return spec.type === 'collectionSource' || spec.type === 'sequenceSource' || spec.type === 'textFileSource';
}

function outputsOf(node: ChainNode, ends: ChainEnds): Collect {
  const targets = [
    ...node.chained.map((consumer) => buildChain(consumer, ends)),
    ...node.exchanges.map((exchange) => ends.exchange(node, exchange)),
  ];
  const [only] = targets;
  if (only === undefined) return () => {};
  if (targets.length === 1) return only;
  return (value) => {
    for (let i = 0; i < targets.length; i++) targets[i]!(value);
  };
}

function map(operator: string, fn: (value: unknown) => unknown, next: Collect): Collect {
  return (value) => {
    let mapped: unknown;
    try {
      mapped = fn(value);
    } catch (error) {
      throw inOperator(operator, error);
    }
    next(mapped);
  };
}

function filter(operator: string, fn: (value: unknown) => boolean, next: Collect): Collect {
  return (value) => {
    let kept: boolean;
    try {
      kept = fn(value);
    } catch (error) {
      throw inOperator(operator, error);
    }
    if (kept) next(value);
  };
}

function flatMap(operator: string, fn: Extract<OperatorSpec, { type: 'flatMap' }>['fn'], next: Collect): Collect {
  return (value) => {
    try {
      const produced = fn(value, next);
      if (produced === undefined) return;
      if (Array.isArray(produced)) for (let i = 0; i < produced.length; i++) next(produced[i]);
      else if (isIterable(produced)) for (const item of produced) next(item);
      else throw notIterable(operator, produced);
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
}

function isIterable(value: unknown): value is Iterable<unknown> {
  // A string is iterable, but one returned from flatMap is a mistake: its characters are hardly what was meant.
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function notIterable(operator: string, produced: unknown): TaskError {
  const what = produced instanceof Promise ? 'a promise' : produced === null ? 'null' : `a ${typeof produced}`;
  return new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' returned ${what} from flatMap. Return an array or another iterable of records, or nothing and call out(record).`,
  );
}
