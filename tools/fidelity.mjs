// `npm run fidelity`: runs the tests that are marked `fidelity` with the real Snakemake, and writes from what they saw
// the tables of docs/reference/fidelity.md. Takes some minutes.
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { prepareKit } from './setup/kit.mjs';
import { root, workDirectory } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(async () => {
  const kit = await prepareKit('test');
  const report = path.join(workDirectory, 'reports/fidelity.json');
  await mkdir(path.dirname(report), { recursive: true });
  await rm(report, { force: true });
  const env = {
    ...kit.env,
    PYTHONPATH: [kit.env['PYTHONPATH'], path.join(root, 'tools/docs')].join(path.delimiter),
    KONVERGE_FIDELITY: report,
  };
  const settings = ['-c', 'integrations/snakemake/pyproject.toml', '--rootdir', root, '-p', 'pytest_fidelity'];
  const marked = ['-m', 'fidelity', 'test/workflows', ...process.argv.slice(2)];
  const code = await run([kit.python, '-m', 'pytest', ...settings, ...marked], { cwd: root, env });
  if (code !== 0) return code;
  return run([kit.node, 'tools/docs/fidelity-page.ts', report], { cwd: root, env });
});
