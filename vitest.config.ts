import { configDefaults, defineConfig } from 'vitest/config';

// `npm run test:cluster` sets it.
const hasCluster = process.env['KONVERGE_TEST_KUBECONFIG'] !== undefined;

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(hasCluster ? [] : ['test/cluster/**'])],
    // Tests start daemons and workflows; leaks between files would be hard to find.
    isolate: true,
    // What a passed test printed is noise.
    silent: 'passed-only',
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
