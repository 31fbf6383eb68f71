// Which start of the machine this is. What is only in the page cache lives exactly as long.
import fs from 'node:fs';

/** Null where the system does not tell. */
export function bootId(): string | null {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
