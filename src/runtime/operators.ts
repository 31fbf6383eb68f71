// Turns the chain of a task into operators that call each other, built from its end to its head, once a task. Which factory builds what
// is told by one table, in which every group of operators has its own file.

import { asyncOperators } from './asyncOperator.ts';
import { broadcastOperators } from './broadcastOperators.ts';
import { coOperators } from './coOperators.ts';
import { joinOperators } from './intervalJoinOperator.ts';
import { keyedOperators } from './keyedOperators.ts';
import {
  type OperatorFactory,
  type OperatorInput,
  type OperatorRuntime,
  type Output,
  oneInput,
  type StreamOperator,
} from './operator.ts';
import type { ChainNode, FactoriesOf, OutgoingExchange, SinkSpec, TransformSpec } from './operatorSpec.ts';
import { isSink, isSource } from './operatorTraits.ts';
import { processOperators } from './processOperators.ts';
import { statelessOperators } from './statelessOperators.ts';
import type { Collect } from './taskContext.ts';
import { timeOperators } from './timeOperators.ts';
import { windowOperators } from './windowOperators.ts';

const factories: FactoriesOf<TransformSpec> = {
  ...statelessOperators,
  ...keyedOperators,
  ...timeOperators,
  ...processOperators,
  ...asyncOperators,
  ...broadcastOperators,
  ...coOperators,
  ...joinOperators,
  ...windowOperators,
};

/** Where a chain ends. */
export interface ChainEnds {
  /** Entry of an exchange that leaves the operator. */
  exchange(node: ChainNode, exchange: OutgoingExchange): OperatorInput;
  sink(node: ChainNode, spec: SinkSpec): Collect;
}

export interface Chain {
  /** Inputs of the chain's head by port; for a source, where it puts what it reads. */
  readonly inputs: readonly OperatorInput[];
  /** From the head on: an operator comes before those that it feeds. */
  readonly operators: readonly StreamOperator[];
}

export function buildChain(head: ChainNode, ends: ChainEnds, runtime: OperatorRuntime): Chain {
  const operators: StreamOperator[] = [];
  const build = (node: ChainNode): readonly OperatorInput[] => {
    const place = operators.length;
    const { spec } = node;
    if (isSink(spec)) {
      const sink = oneInput(nowhere, ends.sink(node, spec));
      return sink.inputs;
    }
    const output = outputOf(node, ends, (consumer) => build(consumer)[0]!);
    if (isSource(spec)) return [output];
    const operator = transform(node, spec, output, runtime);
    operators.splice(place, 0, operator);
    return operator.inputs;
  };
  return { inputs: build(head), operators };
}

function transform(node: ChainNode, spec: TransformSpec, output: Output, runtime: OperatorRuntime): StreamOperator {
  // The table pairs each spec with its factory; what the compiler cannot follow is that both are of one type here.
  const factory = factories[spec.type] as OperatorFactory<TransformSpec>;
  return factory(node, spec, output, runtime);
}

const nothing = (): void => {};
const nowhere: Output = {
  collect: nothing,
  watermark: nothing,
  status: nothing,
  side: () => nothing,
  hasSide: () => false,
};

function outputOf(node: ChainNode, ends: ChainEnds, build: (consumer: ChainNode) => OperatorInput): Output {
  const targets = [
    ...node.chained.map((consumer) => ({ tag: consumer.tag, input: build(consumer.node) })),
    ...node.exchanges.map((exchange) => ({ tag: exchange.tag, input: ends.exchange(node, exchange) })),
  ];
  const tagged = (tag: string | null): OperatorInput[] =>
    targets.filter((target) => target.tag === tag).map(({ input }) => input);
  const all = targets.map(({ input }) => input);
  const [only] = all;
  const toEach = (say: (input: OperatorInput) => void): void => {
    for (const input of all) say(input);
  };
  return {
    collect: toAll(tagged(null)),
    watermark:
      only !== undefined && all.length === 1
        ? only.watermark
        : (timestamp) => toEach(({ watermark }) => watermark(timestamp)),
    status: only !== undefined && all.length === 1 ? only.status : (idle) => toEach(({ status }) => status(idle)),
    side: (tag) => toAll(tagged(tag)),
    hasSide: (tag) => targets.some((target) => target.tag === tag),
  };
}

function toAll(inputs: readonly OperatorInput[]): Collect {
  const collects = inputs.map(({ collect }) => collect);
  const [only] = collects;
  if (only === undefined) return nothing;
  if (collects.length === 1) return only;
  return (value) => {
    for (let i = 0; i < collects.length; i++) collects[i]!(value);
  };
}
