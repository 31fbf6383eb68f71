// Makes candles (open, high, low, close, volume) of the ticks of a market, with two moving averages, and alerts when the averages cross and when a
// price moves far within one candle. Ticks come out of order; those that come after their candle has been closed are kept apart.
//
//   marketData.ts [--candle SECONDS] [--out-of-orderness SECONDS] [--count TICKS] [--rate TICKS_PER_SECOND] [--seed N] [--output FOLDER]
//
// A candle is closed once a tick is seen that is so many seconds (default: 10) past its end: with fewer it comes sooner and misses more. Without
// --output it prints candles and alerts; with it, FOLDER has candles.jsonl, alerts.jsonl and late.jsonl.
import {
  type AggregateFunction,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  OutputTag,
  type RuntimeContext,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';
import { numberOf, settingsOf } from './arguments.ts';
import { TICKS_MAX_DELAY_MS, type Tick, tickAt } from './generators/ticks.ts';

/** Lengths of the moving averages, in candles. */
const SHORT = 5;
const LONG = 15;
/** From this share of the opening price on, a candle's height is worth an alert. */
const JUMP = 0.02;
/** Candles are wanted soon after their end: fifty watermarks a second. */
const WATERMARK_INTERVAL_MS = 20;

/** Prices are in cents. */
export interface Candle {
  readonly symbol: string;
  /** ms since 1970. */
  readonly start: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly ticks: number;
}

/** A candle with the averages of the closing prices up to it; null before there are enough. */
export interface AveragedCandle extends Candle {
  readonly short: number | null;
  readonly long: number | null;
}

export interface MarketAlert {
  readonly type: 'CROSSED_UP' | 'CROSSED_DOWN' | 'JUMP';
  readonly symbol: string;
  /** Start of the candle. */
  readonly time: number;
  readonly close: number;
}

const late = new OutputTag<Tick>('late');
const alerts = new OutputTag<MarketAlert>('alerts');

interface Gathered {
  readonly first: Tick;
  readonly last: Tick;
  readonly high: number;
  readonly low: number;
  readonly volume: number;
  readonly ticks: number;
}

/** The tick that came first is not the one that opened: that is the one with the least id. */
const gather: AggregateFunction<Tick, Gathered | null, Gathered | null> = {
  createAccumulator: () => null,
  add: (tick, gathered) =>
    join(gathered, { first: tick, last: tick, high: tick.price, low: tick.price, volume: tick.size, ticks: 1 }),
  getResult: (gathered) => gathered,
  merge: (left, right) => (right === null ? left : join(left, right)),
};

function join(left: Gathered | null, right: Gathered): Gathered {
  if (left === null) return right;
  return {
    first: left.first.id < right.first.id ? left.first : right.first,
    last: left.last.id > right.last.id ? left.last : right.last,
    high: Math.max(left.high, right.high),
    low: Math.min(left.low, right.low),
    volume: left.volume + right.volume,
    ticks: left.ticks + right.ticks,
  };
}

/** Keeps the last closing prices of each symbol, one more than the long average needs: crossing is seen by the averages before. */
class Averages implements KeyedProcessFunction<string, Candle, AveragedCandle> {
  #closes!: ListState<number>;

  open(context: RuntimeContext): void {
    this.#closes = context.getListState(new ListStateDescriptor<number>('closes'));
  }

  processElement(candle: Candle, context: KeyedProcessContext<string>, out: (candle: AveragedCandle) => void): void {
    const closes = [...this.#closes.get(), candle.close].slice(-LONG - 1);
    this.#closes.update(closes);
    const [short, long] = [average(closes, SHORT), average(closes, LONG)];
    out({ ...candle, short, long });

    const { symbol, start: time, close } = candle;
    if (candle.high - candle.low >= JUMP * candle.open) context.output(alerts, { type: 'JUMP', symbol, time, close });
    const before = closes.slice(0, -1);
    const [shortBefore, longBefore] = [average(before, SHORT), average(before, LONG)];
    if (short === null || long === null || shortBefore === null || longBefore === null) return;
    if (shortBefore <= longBefore && short > long) context.output(alerts, { type: 'CROSSED_UP', symbol, time, close });
    if (shortBefore >= longBefore && short < long)
      context.output(alerts, { type: 'CROSSED_DOWN', symbol, time, close });
  }
}

/** Of the last `count`; null where there are fewer. */
function average(values: readonly number[], count: number): number | null {
  if (values.length < count) return null;
  return values.slice(-count).reduce((sum, value) => sum + value, 0) / count;
}

export default async function main(args: string[]): Promise<void> {
  const { count, rate, seed, output, own } = settingsOf(
    args,
    { count: 60_000 },
    {
      candle: { type: 'string' },
      'out-of-orderness': { type: 'string' },
    },
  );
  const candleMs = 1_000 * (numberOf('candle', own.candle, 1) ?? 60);
  const outOfOrderness = numberOf('out-of-orderness', own['out-of-orderness'], 0);
  const outOfOrdernessMs = outOfOrderness === undefined ? TICKS_MAX_DELAY_MS : 1_000 * outOfOrderness;

  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(1_000);
  env.setAutoWatermarkInterval(WATERMARK_INTERVAL_MS);

  const candles = env
    .fromSequence(0, count - 1, { recordsPerSecond: rate })
    .setParallelism(1)
    .map((index) => tickAt(seed, index))
    .setParallelism(1)
    .name('Ticks')
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<Tick>(outOfOrdernessMs).withTimestampAssigner(({ time }) => time),
    )
    .setParallelism(1)
    .keyBy(({ symbol }) => symbol)
    .window(TumblingEventTimeWindows.of(candleMs))
    .sideOutputLateData(late)
    .aggregate<Gathered | null, Gathered | null, Candle>(gather, (symbol, { window }, [gathered], out) => {
      const { first, last, high, low, volume, ticks } = gathered!;
      out({ symbol, start: window.start, open: first.price, high, low, close: last.price, volume, ticks });
    })
    .name('Candles')
    .uid('candles');

  const averaged = candles
    .keyBy(({ symbol }) => symbol)
    .process(Averages)
    .name('Moving averages')
    .uid('moving-averages');

  if (output === undefined) {
    averaged.map(describeCandle).print().setParallelism(1);
    averaged.getSideOutput(alerts).map(describeAlert).print().setParallelism(1);
    candles
      .getSideOutput(late)
      .map(({ symbol, time }) => `${clock(time)} ${symbol} came too late`)
      .print()
      .setParallelism(1);
  } else {
    averaged
      .map((candle) => JSON.stringify(candle))
      .writeAsText(`${output}/candles.jsonl`)
      .setParallelism(1);
    averaged
      .getSideOutput(alerts)
      .map((alert) => JSON.stringify(alert))
      .writeAsText(`${output}/alerts.jsonl`)
      .setParallelism(1);
    candles
      .getSideOutput(late)
      .map((tick) => JSON.stringify(tick))
      .writeAsText(`${output}/late.jsonl`)
      .setParallelism(1);
  }
  await env.execute('Market data');
}

function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

function euros(cents: number | null): string {
  return cents === null ? '-' : (cents / 100).toFixed(2);
}

function describeCandle({ symbol, start, open, high, low, close, volume, short, long }: AveragedCandle): string {
  const prices = [open, high, low, close].map((cents) => euros(cents).padStart(7)).join(' ');
  return `${clock(start)} ${symbol} ${prices}  volume ${volume}  averages ${euros(short)} ${euros(long)}`;
}

function describeAlert({ type, symbol, time, close }: MarketAlert): string {
  return `${clock(time)} ${symbol} *** ${type.replace('_', ' ')} at ${euros(close)}`;
}
