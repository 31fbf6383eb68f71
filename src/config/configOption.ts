// What a key of sluice.yaml is.
import type { z } from 'zod';

export interface ConfigOption<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** As one would write it in the file. */
  readonly fallback: string;
  /** What kind of value, for people. */
  readonly kind: string;
  readonly description: string;
  /** Other spellings that are taken too. */
  readonly aliases?: readonly string[];
}
