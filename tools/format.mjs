// `npm run format`: writes what `npm run check` asks for.
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { pythonSources, ruffConfig } from './setup/python-sources.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  const ruff = [kit.python, '-m', 'ruff'];
  const commands = [
    [kit.node, 'node_modules/@biomejs/biome/bin/biome', 'check', '--write'],
    [...ruff, 'check', '--fix', ...ruffConfig, ...pythonSources()],
    [...ruff, 'format', ...ruffConfig, ...pythonSources()],
  ];
  let code = 0;
  for (const argv of commands) code = Math.max(code, await run(argv, { cwd: root, env: kit.env }));
  return code;
});
