// Event time over real exchanges: timestamps from the records, out of order within a bound, carried over two exchanges to windows, and once more over
// another to windows of the windows' results.
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';

export interface Event {
  readonly key: string;
  readonly time: number;
  readonly value: number;
}

export const OUT_OF_ORDER_MS = 40;

/** Time goes on by 1 ms a record, give or take the bound. */
export function eventAt(i: number): Event {
  return { key: `k${(i * 7) % 5}`, time: 1_700_000_000_000 + i + ((i * 31) % OUT_OF_ORDER_MS), value: i };
}

export default async function main([records, mode]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().setAutoWatermarkInterval(1);
  if (mode === 'batch') env.setRuntimeMode('AUTOMATIC');
  const events = env
    .fromSequence(0, Number(records) - 1)
    .map(eventAt)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<Event>(OUT_OF_ORDER_MS).withTimestampAssigner(({ time }) => time),
    )
    .rebalance()
    .filter(() => true);
  const perWindow = events
    .keyBy(({ key }) => key)
    .window(TumblingEventTimeWindows.of(100))
    .sum('value');
  perWindow
    .keyBy(({ key }) => key)
    .window(SlidingEventTimeWindows.of(300, 100))
    .process((key, { window }, elements, out: (line: string) => void) =>
      out(`${key} ${window.start} ${elements.reduce((sum, { value }) => sum + value, 0)}`),
    )
    .print('sliding')
    .setParallelism(1);
  events
    .map(({ time }) => time)
    .windowAll(EventTimeSessionWindows.withGap(OUT_OF_ORDER_MS))
    .apply(({ start, end }, elements, out: (line: string) => void) => out(`${start}-${end} ${elements.length}`))
    .print('session')
    .setParallelism(1);
  events
    .keyBy(({ key }) => key)
    .sum('value')
    .filter(({ value }) => value > Number(records) || mode === 'batch')
    .map(({ key, value }) => `${key} ${mode === 'batch' ? value : 'much'}`)
    .print('sum')
    .setParallelism(1);
  await env.execute('windows');
}
