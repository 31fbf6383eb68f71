// Window joins and coGroups: the records of two streams that share key and window meet. Both are one window operator over the union of the streams,
// in which each record carries the side that it came from.
import type { WindowAssigner } from '../runtime/windows/assigners.ts';
import type { Evictor } from '../runtime/windows/evictors.ts';
import type { Trigger } from '../runtime/windows/triggers.ts';
import type { Window } from '../runtime/windows/window.ts';
import { checkedFunction } from './checkedFunction.ts';
import type { DataStream } from './dataStream.ts';
import type { Key } from './fieldTypes.ts';
import type { KeyedStream } from './keyedStream.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';
import type { WindowedStream } from './windowedStream.ts';

/** A record with the stream that it is of. */
export type TaggedUnion<A, B> = readonly [side: 1, value: A] | readonly [side: 2, value: B];

type Streams<A, B> = readonly [DataStream<A>, DataStream<B>];
type Assigner<A, B, W extends Window> = WindowAssigner<TaggedUnion<A, B>, W>;

/** What `join` and `coGroup` ask for one after the other: the key of each stream, then the windows. */
interface Where<A, B, K> {
  /** Key of the second stream's records. */
  equalTo(keySelector: (value: B) => K): {
    window<W extends Window>(assigner: Assigner<A, B, W>): unknown;
  };
}

/** Pairs of records that share key and window. */
export class JoinedStreams<A, B> {
  readonly #streams: Streams<A, B>;

  constructor(streams: Streams<A, B>) {
    this.#streams = streams;
  }

  /** Key of the first stream's records. */
  where<K extends Key>(keySelector: (value: A) => K) {
    return {
      equalTo: (other: (value: B) => K) => {
        const keyed = keyedUnion(this.#streams, keySelector, other);
        return {
          window: <W extends Window>(assigner: Assigner<A, B, W>) =>
            new JoinWindows<A, B, K, W>(keyed.window(assigner)),
        };
      },
    } satisfies Where<A, B, K>;
  }
}

/** All records of both streams that share key and window. */
export class CoGroupedStreams<A, B> {
  readonly #streams: Streams<A, B>;

  constructor(streams: Streams<A, B>) {
    this.#streams = streams;
  }

  /** Key of the first stream's records. */
  where<K extends Key>(keySelector: (value: A) => K) {
    return {
      equalTo: (other: (value: B) => K) => {
        const keyed = keyedUnion(this.#streams, keySelector, other);
        return {
          window: <W extends Window>(assigner: Assigner<A, B, W>) =>
            new CoGroupWindows<A, B, K, W>(keyed.window(assigner)),
        };
      },
    } satisfies Where<A, B, K>;
  }
}

/** Windows of both streams' records. */
abstract class TwoStreamWindows<A, B, K, W extends Window> {
  readonly #windows: WindowedStream<TaggedUnion<A, B>, K, W>;

  constructor(windows: WindowedStream<TaggedUnion<A, B>, K, W>) {
    this.#windows = windows;
  }

  /** When windows fire. Default: the assigner's: as their time ends. */
  trigger(trigger: Trigger<TaggedUnion<A, B>, W>): this {
    this.#windows.trigger(trigger);
    return this;
  }

  /** What is left out when windows fire. Default: nothing. */
  evictor(evictor: Evictor<TaggedUnion<A, B>, W>): this {
    this.#windows.evictor(evictor);
    return this;
  }

  /** How long, in ms of event time, a window is kept behind its end: a record that comes then makes it fire again. Default: 0. */
  allowedLateness(latenessMs: number): this {
    this.#windows.allowedLateness(latenessMs);
    return this;
  }

  protected group<R>(
    name: string,
    fn: (first: readonly A[], second: readonly B[], out: (value: R) => void) => void,
  ): SingleOutputStreamOperator<R> {
    return this.#windows
      .apply<R>((_key, _window, elements, out) => {
        const first: A[] = [];
        const second: B[] = [];
        for (const element of elements) {
          if (element[0] === 1) first.push(element[1]);
          else second.push(element[1]);
        }
        fn(first, second, out);
      })
      .name(name);
  }
}

export class JoinWindows<A, B, K, W extends Window> extends TwoStreamWindows<A, B, K, W> {
  /** Called for each pair, once the window fires; a record that finds no other gives nothing. */
  apply<R>(fn: (first: A, second: B) => R): SingleOutputStreamOperator<R> {
    checkedFunction(fn, 'apply');
    return this.group('Join', (first, second, out) => {
      for (const left of first) for (const right of second) out(fn(left, right));
    });
  }
}

export class CoGroupWindows<A, B, K, W extends Window> extends TwoStreamWindows<A, B, K, W> {
  /** Called once a key and window, with the records of both streams, of which one may have none. */
  apply<R>(
    fn: (first: readonly A[], second: readonly B[], out: (value: R) => void) => void,
  ): SingleOutputStreamOperator<R> {
    checkedFunction(fn, 'apply');
    return this.group('CoGroup', fn);
  }
}

function keyedUnion<A, B, K extends Key>(
  [first, second]: Streams<A, B>,
  key1: (value: A) => K,
  key2: (value: B) => K,
): KeyedStream<TaggedUnion<A, B>, K> {
  checkedFunction(key1, 'where');
  checkedFunction(key2, 'equalTo');
  const tagged = first
    .map<TaggedUnion<A, B>>((value) => [1, value])
    .name('Input 1')
    .union(second.map<TaggedUnion<A, B>>((value) => [2, value]).name('Input 2'));
  return tagged.keyBy<K>((record) => (record[0] === 1 ? key1(record[1]) : key2(record[1])));
}
