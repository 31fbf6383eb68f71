// The one error that core throws: a counted record that cannot be folded. It means a bug or a damaged log, never bad input.

/** A replica that meets this stops: its state would no longer be that of the others. */
export class CorruptLedger extends Error {
  override readonly name = 'CorruptLedger';
  readonly code = 'CORRUPT_LEDGER';
}
