// The S3 server for a process that is not Node: `node test/object-store-server/serve.ts [--dir DIR] [--faults]`.
//
// The first line on stdout is JSON: {endpoint, accessKey, secretKey, pid, dir, proxy?}. It ends when stdin closes.
// With --faults, `proxy` is the endpoint of the proxy before it, and lines of JSON on stdin are commands to that, each
// answered by a line: {"add": [RULE, …]}, {"clear": true}, {"seen": true}. fault.ts says what a rule is.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { FaultRule } from './fault.ts';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { startObjectStoreServer } from './server.ts';

const { values } = parseArgs({ options: { dir: { type: 'string' }, faults: { type: 'boolean' } } });
const server = await startObjectStoreServer(values.dir === undefined ? {} : { dir: values.dir });
const proxy = values.faults === true ? await startFaultyProxy(server.endpoint) : undefined;
const { endpoint, accessKey, secretKey, pid, dir } = server;
say({ endpoint, accessKey, secretKey, pid, dir, ...(proxy && { proxy: proxy.endpoint }) });

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (proxy !== undefined && line.trim() !== '') say(obey(proxy, JSON.parse(line) as Command));
});
await once(lines, 'close');
await proxy?.close();
await server.stop();

interface Command {
  readonly add?: readonly FaultRule[];
  readonly clear?: boolean;
  readonly seen?: boolean;
}

function obey(to: FaultyProxy, command: Command): unknown {
  if (command.clear === true) to.clear();
  if (command.add !== undefined) to.add(...command.add);
  return command.seen === true ? to.seen : {};
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
