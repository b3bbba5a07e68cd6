import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Tests start daemons and workflows; leaks between files would be hard to find.
    isolate: true,
    // What a passed test printed is noise.
    silent: 'passed-only',
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
