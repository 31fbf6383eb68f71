// A fresh journal for a bench: the embedded one in a temporary folder, or Kafka's under a topic prefix of its own.
import { randomBytes } from 'node:crypto';
import { parseConfig } from '../src/config.ts';
import type { Logger } from '../src/ports/logger.ts';
import { type Backbone, openBackbone } from '../src/wiring.ts';
import type { BenchContext } from './bench.ts';

export const JOURNALS = ['embedded', 'kafka'] as const;
export type JournalType = (typeof JOURNALS)[number];

export interface BenchJournal {
  readonly type: JournalType;
  readonly backbone: Backbone;
  /** How another process opens it. */
  readonly dir: string;
  readonly overrides: readonly string[];
  /** Gives the space back; it is of no use afterwards. */
  empty(): Promise<void>;
}

/** `key=value` of sluice.yaml for a journal that nobody else uses. Null where there is no Kafka. */
export async function journalOverrides(
  context: BenchContext,
  type: JournalType,
  name: string,
): Promise<readonly string[] | null> {
  const overrides = [`journal.type=${type}`, `cluster.id=bench-${name}-${randomBytes(3).toString('hex')}`];
  if (type === 'embedded') return overrides;
  const broker = await context.kafka();
  return broker === null ? null : [...overrides, `journal.kafka.brokers=${broker.brokers.join(',')}`];
}

/** Its topics exist and are empty. Null where there is no Kafka. */
export async function benchJournal(
  context: BenchContext,
  type: JournalType,
  name: string,
): Promise<BenchJournal | null> {
  const overrides = await journalOverrides(context, type, name);
  if (overrides === null) return null;
  const dir = context.tempDir(name);
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (_, message) => context.progress(message),
    error: (_, message) => context.progress(message),
  };
  const config = parseConfig('', 'bench', overrides);
  const backbone = await openBackbone({ config, dir, source: 'bench', logger, createTopics: true });
  context.onEnd(() => backbone.close());
  return {
    type,
    backbone,
    dir,
    overrides,
    async empty() {
      const { end } = await backbone.journal.offsets('events', 0);
      await backbone.journal.trim('events', 0, end);
    },
  };
}
