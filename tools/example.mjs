// `npm run example -- NAME [-- SNAKEMAKE ARGUMENTS]`: any of examples/, as `npm start` runs the tour.
import { exampleNames, runExample } from './setup/example.mjs';
import { runMain, Stop } from './setup/stop.mjs';

await runMain(async () => {
  const [name, ...more] = process.argv.slice(2);
  if (name === undefined) throw new Stop(`which example? There are: ${(await exampleNames()).join(', ')}`);
  return runExample(name, more);
});
