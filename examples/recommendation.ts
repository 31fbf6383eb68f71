// Others who looked at this also looked at …: the items that visitors look at within one visit are counted by pairs, and for each item the three that
// were seen with it most are kept up to date while visits end.
//
//   recommendation.ts [--top N] [--count LOOKS] [--rate LOOKS_PER_SECOND] [--seed N] [--output FOLDER]
//
// A visit is over after five minutes without a look. Without --output it prints a list whenever it changes; with it, FOLDER has recommendations.jsonl.
import {
  EventTimeSessionWindows,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type MapState,
  MapStateDescriptor,
  type RuntimeContext,
  StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'sluice';
import { numberOf, settingsOf } from './arguments.ts';
import { type Look, lookAt, VISITS_MAX_DELAY_MS } from './generators/visits.ts';

const GAP_MS = 300_000;
/** Who looks at more in one visit is no customer but a crawler, whose pairs would be many and mean nothing. */
const MAX_ITEMS = 20;

export interface Pair {
  readonly item: string;
  readonly other: string;
}

/** How often another item was looked at in the same visit as the item of the list. */
export type SeenWith = readonly [other: string, visits: number];

export interface Recommendation {
  readonly item: string;
  /** The most frequent first, of equally frequent ones by their names. */
  readonly top: readonly SeenWith[];
}

/** Counts for each item what it was seen with, and emits its list when that has changed. */
class TopOf implements KeyedProcessFunction<string, Pair, Recommendation> {
  // Not #fields: each subtask has a copy of this object, and those could not be copied.
  private readonly size: number;
  private counts!: MapState<string, number>;
  private top!: ValueState<readonly SeenWith[]>;

  constructor(size: number) {
    this.size = size;
  }

  open(context: RuntimeContext): void {
    this.counts = context.getMapState(new MapStateDescriptor<string, number>('counts'));
    this.top = context.getState(new ValueStateDescriptor<readonly SeenWith[]>('top', { defaultValue: [] }));
  }

  processElement({ item, other }: Pair, _: KeyedProcessContext<string>, out: (list: Recommendation) => void): void {
    const visits = (this.counts.get(other) ?? 0) + 1;
    this.counts.put(other, visits);
    const before = this.top.value() ?? [];
    // Counts only grow: nothing that is not in the list can have come into it but this one.
    const top = [...before.filter(([name]) => name !== other), [other, visits] as const]
      .sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
      .slice(0, this.size);
    this.top.update(top);
    if (top.some(([name]) => name === other)) out({ item, top });
  }
}

export default async function main(args: string[]): Promise<void> {
  const { count, rate, seed, output, own } = settingsOf(args, { count: 20_000 }, { top: { type: 'string' } });
  const size = numberOf('top', own.top, 1) ?? 3;

  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(1_000);

  const recommendations = env
    .fromSequence(0, count - 1, { recordsPerSecond: rate })
    .setParallelism(1)
    .map((index) => lookAt(seed, index))
    .setParallelism(1)
    .name('Looks')
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<Look>(VISITS_MAX_DELAY_MS).withTimestampAssigner(({ time }) => time),
    )
    .setParallelism(1)
    .keyBy(({ visitor }) => visitor)
    .window(EventTimeSessionWindows.withGap(GAP_MS))
    .process<Pair>((_visitor, _context, looks, out) => {
      const items = [...new Set(looks.map(({ item }) => item))];
      if (items.length > MAX_ITEMS) return;
      for (const item of items) for (const other of items) if (item !== other) out({ item, other });
    })
    .name('Visits')
    .uid('visits')
    .keyBy(({ item }) => item)
    .process(new TopOf(size))
    .name('Seen with')
    .uid('seen-with');

  if (output === undefined) {
    recommendations
      .map(({ item, top }) => `${item}: ${top.map(([other, visits]) => `${other} (${visits})`).join(', ')}`)
      .print()
      .setParallelism(1);
  } else {
    recommendations
      .map((list) => JSON.stringify(list))
      .writeAsText(`${output}/recommendations.jsonl`)
      .setParallelism(1);
  }
  await env.execute('Recommendation');
}
