import { defineConfig } from 'vitest/config';

/** The tiers of the test suite (docs/testing.md): each is a project, so that one can be run alone. */
const tier = (name: string, include: string[], options: object = {}) => ({
  test: {
    name,
    include,
    exclude: [
      '**/node_modules/**',
      ...(name === 'device' ? [] : ['**/*.device.test.ts']),
      ...(name === 'contracts' ? [] : ['**/*.anvil.test.ts']),
    ],
    ...options,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      tier('pure', ['{packages,apps}/*/src/**/*.test.ts', 'benchmarks/**/*.test.ts'], { testTimeout: 180_000 }),
      tier('device', ['packages/*/src/**/*.device.test.ts', 'test/**/*.device.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
      tier('contracts', ['packages/*/src/**/*.anvil.test.ts'], { testTimeout: 120_000, hookTimeout: 60_000 }),
      tier('end-to-end', ['test/src/**/*.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
    ],
  },
});
