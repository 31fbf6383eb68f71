// Which partition a key belongs to: Kafka's default for keyed records (murmur2 of the UTF-8 bytes), so that a record sent by any other
// Kafka client with the same key lands in the same partition.

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** 32-bit MurmurHash2 with Kafka's seed, as a signed integer. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let word = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  for (let i = length - 1; i >= whole; i--) hash ^= data[i]! << (8 * (i - whole));
  if (whole < length) hash = Math.imul(hash, MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `partitions`. */
export function partitionOfKey(key: string, partitions: number): number {
  // Kafka drops the sign bit, which is not Math.abs.
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}
