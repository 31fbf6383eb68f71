// Keyed state with timers, and windows of both kinds of operator, into a file sink that is exactly once; its output is known to the last line
// (windowedCheck.ts). The subtasks of the source cover the same time, each with numbers of its own.
import path from 'node:path';
import {
  type Collector,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type MapState,
  MapStateDescriptor,
  type OnTimerContext,
  type RuntimeContext,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';
import { FileSink } from 'sluice/files';
import {
  BUCKET_MS,
  eventOf,
  lineOf,
  SLIDE_MS,
  SLIDING_MS,
  type Tally,
  type Timed,
  TUMBLING_MS,
} from '../windowedCheck.ts';
import { sabotaged } from './sabotage.ts';

const CHECKPOINT_INTERVAL_MS = 200;
const nothing: Tally = { count: 0, sum: 0 };
const added = (tally: Tally, { n }: Timed): Tally => ({ count: tally.count + 1, sum: tally.sum + n });

/** Counts and sums by key and bucket of time, and tells each bucket when its time is over. */
class Buckets implements KeyedProcessFunction<number, Timed, string> {
  tallies!: MapState<number, Tally>;
  open(context: RuntimeContext) {
    this.tallies = context.getMapState(new MapStateDescriptor<number, Tally>('tallies'));
  }
  processElement(event: Timed, context: KeyedProcessContext<number>) {
    const end = event.time - (event.time % BUCKET_MS) + BUCKET_MS;
    this.tallies.put(end, added(this.tallies.get(end) ?? nothing, event));
    context.timerService().registerEventTimeTimer(end - 1);
  }
  onTimer(time: number, context: OnTimerContext<number>, out: Collector<string>) {
    const end = time + 1;
    out(lineOf('timer', context.getCurrentKey(), end, this.tallies.get(end)!));
    this.tallies.remove(end);
  }
}

export default async function main([count, rate, slices, output, sabotage]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(CHECKPOINT_INTERVAL_MS, { toleratedFailures: 100 });
  const events = env
    .fromSequence(1, Number(count), { recordsPerSecond: Number(rate) })
    .map((n) => eventOf(n, Number(count), Number(slices)))
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Timed>().withTimestampAssigner(({ time }) => time),
    )
    .map(sabotaged<Timed>(sabotage));
  const keyed = events.keyBy(({ key }) => key);
  const tumbling = keyed.window(TumblingEventTimeWindows.of(TUMBLING_MS)).aggregate(
    {
      createAccumulator: () => nothing,
      add: (event, tally) => added(tally, event),
      getResult: (tally) => tally,
      merge: (left) => left,
    },
    (key, { window }, [tally], out: Collector<string>) => out(lineOf('tumbling', key, window.end, tally!)),
  );
  const sliding = keyed
    .window(SlidingEventTimeWindows.of(SLIDING_MS, SLIDE_MS))
    .apply<string>((key, window, elements, out) =>
      out(lineOf('sliding', key, window.end, elements.reduce(added, nothing))),
    );
  keyed
    .process(Buckets)
    .union(tumbling, sliding)
    .sinkTo(new FileSink<string>({ path: path.resolve(output!) }))
    .uid('lines');
  await env.execute('Windowed');
}
