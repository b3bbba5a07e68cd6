// `npm start`: the tour, from nothing, on this machine.
import { runExample } from './setup/example.mjs';
import { runMain } from './setup/stop.mjs';

await runMain(() => runExample('tour', process.argv.slice(2)));
