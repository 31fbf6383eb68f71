// Copies of values that LMDB's binding overwrites with the next get. Small ones share a block, because a buffer of its own costs more
// than its bytes; a block lives as long as any record read from it.

const SLAB_BYTES = 256 * 1024;
/** Larger values get a buffer of their own. */
const SMALL_BYTES = 16 * 1024;

export class Slab {
  #block: Buffer = Buffer.alloc(0);
  #used = 0;

  copyOf(volatile: Buffer): Buffer {
    // The binding sets `length` on a larger buffer, which Buffer's own methods trip over; `subarray` goes by the arguments alone.
    const { length } = volatile;
    const bytes = volatile.subarray(0, length);
    if (length > SMALL_BYTES) {
      const own = Buffer.allocUnsafeSlow(length);
      own.set(bytes);
      return own;
    }
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const begin = this.#used;
    this.#used += length;
    this.#block.set(bytes, begin);
    return this.#block.subarray(begin, this.#used);
  }
}
