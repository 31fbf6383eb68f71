// A binary heap of what is due when: the earliest first, and of the same time what was put in first.

export interface Due {
  readonly time: number;
}

export class TimerQueue<T extends Due> {
  readonly #heap: { readonly item: T; readonly order: number }[] = [];
  #orders = 0;

  get size(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0]?.item;
  }

  push(item: T): void {
    const entry = { item, order: this.#orders++ };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first?.item;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first.item;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}

function before(
  left: { readonly item: Due; readonly order: number },
  right: { readonly item: Due; readonly order: number },
): boolean {
  return left.item.time < right.item.time || (left.item.time === right.item.time && left.order < right.order);
}
