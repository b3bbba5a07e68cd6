// `npm run check`: types, lint, format, unused code. One line per tool; the output of those that failed.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { pythonProject, root } from './setup/place.mjs';
import { capture } from './setup/process.mjs';
import { pythonSources, ruffConfig } from './setup/python-sources.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  const python = pythonSources();
  /** @type {{ name: string, argv: string[], cwd?: string }[]} */
  const tools = [
    { name: 'tsc', argv: [kit.node, 'node_modules/typescript/bin/tsc', '--noEmit'] },
    { name: 'oxlint', argv: [kit.node, 'node_modules/oxlint/bin/oxlint', '--type-aware'] },
    { name: 'biome', argv: [kit.node, 'node_modules/@biomejs/biome/bin/biome', 'check', '--max-diagnostics=50'] },
    { name: 'knip', argv: [kit.node, 'node_modules/knip/bin/knip.js'] },
    { name: 'ruff', argv: [kit.python, '-m', 'ruff', 'check', '--output-format=concise', ...ruffConfig, ...python] },
    {
      name: 'ruff format',
      argv: [kit.python, '-m', 'ruff', 'format', '--check', '--output-format=concise', ...ruffConfig, ...python],
    },
  ];
  if (existsSync(path.join(pythonProject, 'src/snakemake_executor_plugin_kueue/__init__.py'))) {
    tools.push({ name: 'mypy', argv: [kit.python, '-m', 'mypy'], cwd: pythonProject });
  }

  // Some tools colour their output in CI, where it is read as plain text.
  const env = process.stdout.isTTY ? kit.env : { ...kit.env, NO_COLOR: '1' };
  const chosen = process.argv.slice(2);
  let failed = 0;
  for (const tool of tools.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
    const begin = performance.now();
    const { code, output } = await capture(tool.argv, { cwd: tool.cwd ?? root, env });
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${tool.name.padEnd(12)} ${seconds.padStart(5)} s`);
    if (code !== 0) {
      failed += 1;
      console.log(output.trimEnd());
    }
  }
  return failed === 0 ? 0 : 1;
});
