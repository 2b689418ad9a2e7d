import { defineConfig } from 'vitest/config'

// `import 'millrace'` means the sources of this checkout, in tests and in every thread or process that a test starts.
const conditions = ['millrace:source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/build.ts',
    pool: 'forks',
    maxWorkers: 2,
    // Loading the sources anew for every file would take a quarter of the time.
    isolate: false,
    // What vitest does not load itself (worker threads, child processes) runs from source too, but for the command (test/cli/support/command.ts).
    execArgv: ['--conditions=millrace:source', '--import=@oxc-node/core/register'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    reporters: ['default', './test/support/totals-reporter.ts'],
  },
})
