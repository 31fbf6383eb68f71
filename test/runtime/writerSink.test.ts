// What a two-phase sink stores while a commit is under way: a checkpoint that completes meanwhile must bring it back.
import { expect, it } from 'vitest';
import { WriterSink } from '../../src/runtime/connectors/writerSink.ts';
import { OperatorHarness } from './operatorHarness.ts';

interface Stored {
  readonly prepared: readonly { readonly committables: readonly unknown[] }[];
}

it('stores what it is committing until the commit has succeeded', async () => {
  const { context } = await OperatorHarness.open({ type: 'map', fn: (value: unknown) => value });
  let written: unknown[] = [];
  const committed: unknown[] = [];
  let allow = (): void => {};
  const allowed = new Promise<void>((resolve) => {
    allow = resolve;
  });
  const node = { uid: 'sink', name: 'sink' } as ConstructorParameters<typeof WriterSink>[0];
  const sink = new WriterSink(
    node,
    {
      type: 'writerSink',
      sink: {
        createWriter: () => ({
          write: (element) => {
            written.push(element);
          },
          flush() {},
          prepareCommit: () => written.splice(0),
          close() {},
        }),
        createCommitter: () => ({
          commit: async (committables) => {
            await allowed;
            committed.push(...committables);
          },
          close() {},
        }),
      },
    },
    context,
  );
  await sink.open();
  const checkpoint = async (id: number): Promise<unknown[]> => {
    const { prepared } = (await (sink.state as unknown as { snapshot(id: number): Promise<Stored> }).snapshot(
      id,
    )) as Stored;
    return prepared.flatMap(({ committables }) => committables);
  };
  sink.collect('a');
  expect(await checkpoint(1)).toEqual(['a']);
  sink.checkpointCompleted(1);
  sink.collect('b');
  expect(await checkpoint(2)).toEqual(['a', 'b']);
  sink.checkpointCompleted(2);
  allow();
  await expect.poll(() => committed).toEqual(['a', 'b']);
  written = [];
  expect(await checkpoint(3)).toEqual([]);
  await sink.abort();
});
