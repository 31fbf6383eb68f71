import path from 'node:path';
import { defineConfig } from 'vitest/config';

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
    globalSetup: ['test/kafka/globalSetup.ts', 'test/nats/globalSetup.ts', 'test/e2e/build.ts'],
    alias: [
      { find: /^sluice$/, replacement: path.resolve(import.meta.dirname, 'src/index.ts') },
      {
        find: /^sluice\/(kafka|files|nats)$/,
        replacement: path.resolve(import.meta.dirname, 'src/connectors/$1/index.ts'),
      },
    ],
    // Job bundles are imported by Node itself, as in a slot.
    server: { deps: { external: [/\.mjs(\?|$)/] } },
    // CI judges the change: a test of real processes that fails once and passes when repeated is shown with "(retry x1)" and is to be looked into.
    retry: process.env.CI === undefined ? 0 : 1,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
