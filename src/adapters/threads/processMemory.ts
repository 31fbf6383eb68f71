// What a TaskManager's slot threads use of memory and disk, all together, and whether the process keeps within what it should have as a whole.
// A thread sees its own heap and buffers; what none of them sees (code, stacks, fragmentation, the main thread's) shows only here, and makes
// caches in all threads shrink. No thread is ended for it: nobody knows whose it is.
import fs from 'node:fs';
import type { ProcessMemory } from '../../core/schema.gen.ts';
import {
  HEAP_USED,
  MANAGED_USED,
  type MemoryCell,
  NETWORK_SPILLED,
  NETWORK_USED,
  OFF_HEAP_USED,
  PRESSURE,
  PROCESS_PRESSURE,
} from '../../runtime/memory/memoryCell.ts';
import { PressureGauge, rankOf } from '../../runtime/memory/pressure.ts';
import type { DiskBooks } from './diskBooks.ts';
import type { ThreadWorkersOptions } from './workersOptions.ts';

const CHECK_INTERVAL_MS = 250;
/** Unit in which network memory is told, as Flink tells it. */
const SEGMENT_BYTES = 32 * 1024;
/** Unit of /proc/self/statm on the machines that have it. */
const PAGE_BYTES = 4_096;

export class ProcessMemoryWatch {
  readonly #options: ThreadWorkersOptions;
  readonly #threads: readonly { readonly memoryCell: MemoryCell }[];
  readonly #disk: DiskBooks;
  readonly #gauge = new PressureGauge();
  readonly #timer: NodeJS.Timeout | null;

  constructor(options: ThreadWorkersOptions, threads: readonly { readonly memoryCell: MemoryCell }[], disk: DiskBooks) {
    this.#options = options;
    this.#threads = threads;
    this.#disk = disk;
    this.#timer =
      options.processBytes === undefined ? null : setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  usage(): ProcessMemory {
    const { taskHeapBytes, offHeapBytes, networkBytes, processBytes, stateBackends } = this.#options;
    const sum = (place: number): number =>
      this.#threads.reduce((all, { memoryCell }) => all + Math.round(memoryCell[place] ?? 0), 0);
    return {
      pressure: Math.max(0, ...this.#threads.map(({ memoryCell }) => rankHere(memoryCell))),
      residentBytes: ownBytes(),
      processMaxBytes: processBytes ?? 0,
      heapUsedBytes: sum(HEAP_USED),
      heapMaxBytes: taskHeapBytes ?? 0,
      offHeapUsedBytes: sum(OFF_HEAP_USED),
      offHeapMaxBytes: offHeapBytes ?? 0,
      managedUsedBytes: sum(MANAGED_USED),
      managedMaxBytes: stateBackends?.managedBytes ?? 0,
      networkUsedBytes: sum(NETWORK_USED),
      networkMaxBytes: networkBytes ?? 0,
      segmentBytes: SEGMENT_BYTES,
      spilledBytes: sum(NETWORK_SPILLED),
      diskUsedBytes: this.#disk.usedBytes,
      slotDiskMaxBytes: stateBackends?.slotQuotaBytes ?? 0,
    };
  }

  #check(): void {
    const rank = rankOf(this.#gauge.update(ownBytes() / this.#options.processBytes!));
    for (const { memoryCell } of this.#threads) memoryCell[PROCESS_PRESSURE] = rank;
  }
}

function rankHere(cell: MemoryCell): number {
  return Math.max(cell[PRESSURE]!, cell[PROCESS_PRESSURE]!);
}

/** Without what is only mapped from files, such as state in LMDB, which the system takes back by itself when it needs to. */
function ownBytes(): number {
  try {
    const [, resident, shared] = fs.readFileSync('/proc/self/statm', 'latin1').split(' ').map(Number);
    return (resident! - shared!) * PAGE_BYTES;
  } catch {
    return process.memoryUsage.rss();
  }
}
