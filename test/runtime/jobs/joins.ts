// Every way to bring two streams together in event time, over real exchanges.
import {
  type BroadcastProcessFunction,
  MapStateDescriptor,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';

export interface Order {
  readonly id: number;
  readonly user: number;
  readonly at: number;
}

export interface Click {
  readonly page: number;
  readonly user: number;
  readonly at: number;
}

export const USERS = 7;
export const orderAt = (i: number): Order => ({ id: i, user: (i * 3) % USERS, at: 10_000 + i * 5 });
export const clickAt = (i: number): Click => ({ page: i, user: (i * 5) % USERS, at: 10_000 + i * 7 });

/** Lets only the users through who were let in before; each subtask hears of all. */
const ALLOWED = new MapStateDescriptor<number, boolean>('allowed');
const gate: BroadcastProcessFunction<number, number, string> = {
  processElement(user, context, out) {
    out(`${user} ${context.getBroadcastState(ALLOWED).contains(user)}`);
  },
  processBroadcastElement(user, context) {
    context.getBroadcastState(ALLOWED).put(user, true);
  },
};

export default async function main([records]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().setAutoWatermarkInterval(1);
  const last = Number(records) - 1;
  const inTime = <T extends { readonly at: number }>(): ReturnType<typeof strategy<T>> => strategy<T>();
  const orders = env.fromSequence(0, last).map(orderAt).assignTimestampsAndWatermarks(inTime<Order>());
  const clicks = env.fromSequence(0, last).map(clickAt).assignTimestampsAndWatermarks(inTime<Click>());
  orders
    .keyBy('user')
    .intervalJoin(clicks.keyBy('user'))
    .between(-20, 30)
    .upperBoundExclusive()
    .process((order, click, context, out: (line: string) => void) =>
      out(`${order.id} ${click.page} ${context.timestamp}`),
    )
    .print('interval');
  orders
    .join(clicks)
    .where(({ user }) => user)
    .equalTo(({ user }) => user)
    .window(TumblingEventTimeWindows.of(100))
    .apply((order, click) => `${order.id} ${click.page}`)
    .print('join');
  orders
    .coGroup(clicks)
    .where(({ user }) => user)
    .equalTo(({ user }) => user)
    .window(TumblingEventTimeWindows.of(100))
    .apply((first, second, out: (line: string) => void) => out(`${first.length} ${second.length}`))
    .print('coGroup');
  env
    .fromSequence(0, USERS - 1)
    .connect(env.fromData(1, 2, 3).broadcast(ALLOWED))
    .process(gate)
    .print('gate');
  await env.execute('joins');
}

function strategy<T extends { readonly at: number }>() {
  return WatermarkStrategy.forMonotonousTimestamps<T>().withTimestampAssigner(({ at }) => at);
}
