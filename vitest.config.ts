import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import TestOrder from './test/testOrder.ts';

const MIN_WORKERS = 2;

export default defineConfig({
  resolve: { conditions: ['sluice-source', 'node', 'import', 'default'] },
  ssr: {
    resolve: {
      conditions: ['sluice-source', 'node', 'import', 'default'],
      externalConditions: ['node', 'import', 'default'],
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/runFolder.ts', 'test/kafka/globalSetup.ts', 'test/nats/globalSetup.ts', 'test/e2e/build.ts'],
    alias: [
      { find: /^sluice$/, replacement: path.resolve(import.meta.dirname, 'src/index.ts') },
      {
        find: /^sluice\/(kafka|files|nats)$/,
        replacement: path.resolve(import.meta.dirname, 'src/connectors/$1/index.ts'),
      },
    ],
    // Job bundles are imported by Node itself, as in a slot.
    server: { deps: { external: [/\.mjs(\?|$)/] } },
    sequence: { sequencer: TestOrder },
    // Vitest's own choice leaves one core to itself, which has next to nothing to do: on two cores that is half of them.
    maxWorkers: Math.max(MIN_WORKERS, os.availableParallelism() - 1),
    // CI judges the change: what fails once and passes when it is repeated is shown with "(retry x1)", and is to be looked into. Elsewhere it fails.
    retry: process.env.CI === undefined ? 0 : 1,
    // Generous: they end only what is broken, however busy the machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
