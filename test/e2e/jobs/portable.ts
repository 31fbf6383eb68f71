// Every kind of state that there is: values, maps, lists, timers, windows of all three operators, broadcast state, and elements that subtasks keep
// and hand on ten at a time, dealt out or told to all when the parallelism changes. What it writes depends on neither backend nor parallelism.
import path from 'node:path';
import {
  type Collector,
  EventTimeSessionWindows,
  type FunctionInitializationContext,
  type KeyedBroadcastContext,
  type KeyedBroadcastProcessFunction,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  type MapState,
  MapStateDescriptor,
  type OnTimerContext,
  type RuntimeContext,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'sluice';
import { FileSink } from 'sluice/files';

const KEYS = 30;
const BATCH = 10;
/** Behind these nothing is kept back any more. */
const LAST = 400;
const RULES = 5;

interface Event {
  readonly n: number;
  readonly key: number;
}

/** A line for each key and 100 ms of time: how many numbers, and how many of the key up to then. */
class Timers implements KeyedProcessFunction<number, Event, string> {
  counts!: MapState<number, number>;
  total!: ValueState<number>;
  open(context: RuntimeContext) {
    this.counts = context.getMapState(new MapStateDescriptor<number, number>('counts'));
    this.total = context.getState(new ValueStateDescriptor<number>('total', { defaultValue: 0 }));
  }
  processElement({ n }: Event, context: KeyedProcessContext<number>) {
    const time = n - (n % 100) + 99;
    this.counts.put(time, (this.counts.get(time) ?? 0) + 1);
    context.timerService().registerEventTimeTimer(time);
  }
  onTimer(time: number, context: OnTimerContext<number>, out: Collector<string>) {
    const count = this.counts.get(time)!;
    this.counts.remove(time);
    this.total.update(this.total.value()! + count);
    out(`timer ${context.getCurrentKey()} ${time} ${count} ${this.total.value()}`);
  }
}

/** Keeps numbers back until there are ten of them. */
class Keeping {
  readonly kind: 'list' | 'union';
  readonly end: number;
  kept: number[] = [];
  state!: ListState<number>;
  subtask = 0;
  subtasks = 1;

  constructor(kind: 'list' | 'union', end: number) {
    this.kind = kind;
    this.end = end;
  }

  initializeState({ operatorStateStore, isRestored }: FunctionInitializationContext) {
    const descriptor = new ListStateDescriptor<number>(this.kind);
    this.state =
      this.kind === 'list'
        ? operatorStateStore.getListState(descriptor)
        : operatorStateStore.getUnionListState(descriptor);
    if (isRestored) this.kept = [...this.state.get()];
  }

  open({ indexOfThisSubtask, numberOfParallelSubtasks }: RuntimeContext) {
    // Every subtask has been told of all.
    if (this.kind === 'union') this.kept = this.kept.filter((n) => n % numberOfParallelSubtasks === indexOfThisSubtask);
  }

  snapshotState() {
    this.state.update(this.kept);
  }

  flatMap({ n }: Event): string[] {
    this.kept.push(n);
    if (this.kept.length < BATCH && n <= this.end - LAST) return [];
    return this.kept.splice(0).map((one) => `${this.kind} ${one}`);
  }
}

type Rules = KeyedBroadcastProcessFunction<number, Event, Event, string>;
const labels = new MapStateDescriptor<number, string>('labels');

/** What waits for the last rule is kept by key. */
class Labelled implements Rules {
  waiting!: ListState<number>;
  open(context: RuntimeContext) {
    this.waiting = context.getListState(new ListStateDescriptor<number>('waiting'));
  }
  processElement({ n }: Event, context: Parameters<Rules['processElement']>[1], out: Collector<string>) {
    const all = context.getBroadcastState(labels);
    if ([...all.keys()].length < RULES) {
      this.waiting.add(n);
      return;
    }
    for (const one of [...this.waiting.get(), n]) out(`rule ${one} ${all.get(one % RULES)}`);
    this.waiting.clear();
  }
  processBroadcastElement({ n }: Event, context: KeyedBroadcastContext) {
    context.getBroadcastState(labels).put(n % RULES, `label ${n}`);
  }
}

export default async function main([backend, count, rate, output]: string[]) {
  const end = Number(count);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(500).setStateBackend(backend as 'hashmap' | 'lmdb');
  const events = env
    .fromSequence(1, end, { recordsPerSecond: Number(rate) })
    .uid('numbers')
    .setParallelism(1)
    .map((n): Event => ({ n, key: n % KEYS }))
    .setParallelism(1)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Event>().withTimestampAssigner(({ n }) => n),
    )
    .setParallelism(1);
  const keyed = events.keyBy(({ key }) => key);
  const tell =
    (kind: string) =>
    (key: number, window: { start: number; end: number }, elements: readonly Event[], out: Collector<string>) =>
      out(
        `${kind} ${key} ${window.start} ${window.end} ${elements
          .map(({ n }) => n)
          .sort((a, b) => a - b)
          .join(',')}`,
      );
  const lines = [
    keyed.window(TumblingEventTimeWindows.of(200)).apply(tell('tumbling')).uid('tumbling'),
    keyed.window(SlidingEventTimeWindows.of(300, 100)).apply(tell('sliding')).uid('sliding'),
    events
      .filter(({ n }) => n % 1_000 < 600)
      .setParallelism(1)
      .keyBy(({ key }) => key)
      .window(EventTimeSessionWindows.withGap(150))
      .apply(tell('session'))
      .uid('session'),
    events.rebalance().flatMap(new Keeping('list', end)).uid('list'),
    events.rebalance().flatMap(new Keeping('union', end)).uid('union'),
    keyed
      .connect(
        events
          .filter(({ n }) => n <= RULES)
          .setParallelism(1)
          .broadcast(labels),
      )
      .process(Labelled)
      .uid('rules'),
  ];
  keyed
    .process(Timers)
    .uid('timers')
    .union(...lines)
    .sinkTo(new FileSink<string>({ path: path.resolve(output!) }))
    .uid('lines');
  await env.execute('Portable');
}
