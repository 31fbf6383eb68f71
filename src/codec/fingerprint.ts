// Fingerprints of Avro schemas as the Avro specification has them: CRC-64-AVRO (its "Rabin" fingerprint) of the Parsing Canonical Form.
// A fingerprint names the exact schema that a message was written with; it is the first thing in every message.
import avro from 'avsc';

/** The seed, which is also the fingerprint of no bytes; in two halves, since a JS number holds 53 bits. */
const EMPTY_HIGH = 0xc15d213a;
const EMPTY_LOW = 0xa4d7a795;
const tableHigh = new Int32Array(256);
const tableLow = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let high = 0;
  let low = i;
  for (let bit = 0; bit < 8; bit++) {
    const carry = -(low & 1);
    low = ((low >>> 1) | (high << 31)) ^ (EMPTY_LOW & carry);
    high = (high >>> 1) ^ (EMPTY_HIGH & carry);
  }
  tableHigh[i] = high;
  tableLow[i] = low;
}

/** The schema without docs, defaults and aliases, names in full: what two schemas share when they write the same bytes. */
export function canonicalForm(type: avro.Type): string {
  return JSON.stringify(type.schema());
}

/** CRC-64-AVRO of a text as 16 hex digits, most significant first. */
export function crc64Avro(text: string): string {
  let high = EMPTY_HIGH | 0;
  let low = EMPTY_LOW | 0;
  for (const byte of Buffer.from(text, 'utf8')) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!;
    high = (high >>> 8) ^ tableHigh[index]!;
  }
  const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}

/** Fingerprint of a self-contained schema as 16 hex digits. */
export function fingerprintOf(schema: unknown): string {
  return crc64Avro(canonicalForm(avro.Type.forSchema(schema as avro.Schema)));
}
