// A sink without effect.

/** Drops every record, for measuring and for jobs that act by side effects. */
export class DiscardingSink {
  readonly type = 'discard';
}
