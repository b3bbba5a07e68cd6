// Bundles the core and the agent, each with all its dependencies, into the two files that the Python package carries.
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

await build({
  absWorkingDir: root,
  // Two programs, not one: the clients of object stores would double the core, which never needs them.
  entryPoints: ['src/konverge.ts', 'src/agent.ts'],
  outdir: 'integrations/snakemake/src/snakemake_executor_plugin_kueue/core',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Of a package that has both, the ES modules: what nobody calls is left out, and an agent starts in every pod.
  mainFields: ['module', 'main'],
  format: 'esm',
  // fastify and pino are CommonJS and call require(), which an ES module does not have.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
    ].join('\n'),
  },
  // A small file with readable stack traces: white space goes, names stay. Not keepNames: it wraps functions in a helper of
  // the bundle, and the local engine hands the text of one function to a process of its own (spawner.ts).
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
}).catch(() => {
  // esbuild has printed what is wrong.
  process.exitCode = 1;
});
