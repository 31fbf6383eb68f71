// Records of a declared type through a keyed exchange; one of them is what the second argument says, not what was declared.
import { avro, StreamExecutionEnvironment } from 'sluice';

interface Click {
  readonly user: string;
  readonly at: number;
  readonly tags: readonly string[];
  readonly place: { readonly x: number; readonly y: number } | null;
  readonly raw: Uint8Array;
}

const CLICK = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'user', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    {
      name: 'place',
      type: [
        'null',
        {
          type: 'record',
          name: 'Place',
          fields: [
            { name: 'x', type: 'int' },
            { name: 'y', type: 'double' },
          ],
        },
      ],
    },
    { name: 'raw', type: 'bytes' },
  ],
};

export default async function main([records, misfit]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(0, Number(records) - 1)
    .map(
      (n): Click => ({
        user: `user ${n % 10}`,
        at: n === 3 && misfit === 'misfit' ? (1.5 as number) : n,
        tags: n % 2 === 0 ? [] : ['odd', String(n)],
        place: n % 3 === 0 ? null : { x: n, y: n / 3 },
        raw: Buffer.from([n % 256]),
      }),
    )
    .name('Clicks')
    .returns(avro<Click>(CLICK as Parameters<typeof avro>[0]))
    .keyBy(({ user }) => user)
    .map((click) => [
      click.at,
      click.tags.length,
      click.place,
      [...click.raw],
      Object.getPrototypeOf(click) === Object.prototype,
    ])
    .print();
  await env.execute('typed');
}
