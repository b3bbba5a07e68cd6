// simulated-flux-operator: what the Flux Operator does with MiniClusters, for tests. It is not that operator, and shares no code
// with it. `node main.ts KUBECONFIG PORT`; /healthz and /readyz are on that port of 127.0.0.1.
import http from 'node:http';
import { openApi } from './api.ts';
import { control } from './controller.ts';

const [kubeconfig = '', port = ''] = process.argv.slice(2);
const ending = new AbortController();
const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

const server = http.createServer((request, response) => {
  const known = request.url === '/healthz' || request.url === '/readyz';
  response.writeHead(known ? 200 : 404).end(known ? 'ok\n' : '');
});
server.listen(Number(port), '127.0.0.1');
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());
log('simulated-flux-operator begins');
await control({ api: openApi(kubeconfig), log, now: () => new Date() }, ending.signal);
process.exit(0);
