// What commands print on standard output, however much it is: they wait for a slow reader, and stop without a word when it has gone
// (`sluice log | head`).

let gone = false;
let watched = false;

/** False where nobody reads any more. */
export function isRead(): boolean {
  return !gone;
}

/** Waits where the reader of standard output is slow. */
export function writeLines(lines: readonly string[]): Promise<void> | undefined {
  if (!watched) {
    watched = true;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      gone = true;
      process.stdout.emit('drain');
    });
  }
  if (gone || lines.length === 0 || process.stdout.write(`${lines.join('\n')}\n`)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}
