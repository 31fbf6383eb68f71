// The slot threads of a TaskManager, each with its shares of memory and disk, before they are started; and the direct ports between them.
import { MessageChannel } from 'node:worker_threads';
import type { StateBackendOptions } from '../../runtime/state/stateBackends.ts';
import type { DiskBooks } from './diskBooks.ts';
import type { FromSlotThread } from './protocol.ts';
import { SlotThread } from './slotThreadHandle.ts';
import { sharesOf, slotsOf, threadCount } from './threadShares.ts';
import type { ThreadWorkersOptions } from './workersOptions.ts';

export interface SlotThreadHandlers {
  received(thread: SlotThread, message: FromSlotThread): void;
  died(thread: SlotThread, reason: string, final: boolean): void;
}

export function slotThreadsOf(
  options: ThreadWorkersOptions,
  backends: StateBackendOptions,
  books: DiskBooks,
  handlers: SlotThreadHandlers,
): SlotThread[] {
  const { taskManagerId, slots, bufferTimeoutMs, peerTimeoutMs, checkpoints } = options;
  const threads = threadCount(options);
  return Array.from({ length: threads }, (_, index) => {
    const shares = sharesOf(index, threads, backends.managedBytes, options);
    const heapBytes = shares.heapMb === undefined ? undefined : shares.heapMb * 2 ** 20;
    const thread: SlotThread = new SlotThread(index, {
      data: {
        taskManagerId,
        bufferTimeoutMs,
        peerTimeoutMs,
        stateBackends: { ...backends, managedBytes: shares.managedBytes, heapBytes },
        storesCheckpoints: checkpoints !== undefined,
        disk: { slots: books.slots, thread: index },
      },
      slots: slotsOf(index, slots, threads),
      shares,
      onMessage: (message) => handlers.received(thread, message),
      onDied: (reason, final) => handlers.died(thread, reason, final),
    });
    return thread;
  });
}

/** Gives each pair of threads a port of its own. */
export function linkThreads(thread: SlotThread, others: readonly SlotThread[]): void {
  for (const other of others) {
    const { port1, port2 } = new MessageChannel();
    thread.post({ type: 'link', thread: other.index, port: port1 }, [port1]);
    other.post({ type: 'link', thread: thread.index, port: port2 }, [port2]);
  }
}
