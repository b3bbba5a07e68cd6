import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ObjectStoreServer, startObjectStoreServer } from '../../object-store-server/server.ts';
import { LiveAgent } from '../live-agent.ts';
import { buildPatienceMs, s3Place } from '../stores.ts';
import { Pod } from './pod.ts';
import { systemShell } from './shells.ts';

let server: ObjectStoreServer;
beforeAll(async () => {
  server = await startObjectStoreServer();
}, buildPatienceMs);
afterAll(() => server.stop());

/** Only root can be somebody else; everybody else tests that the two are the same user. */
const isRoot = process.getuid?.() === 0;
const agentAs = { uid: 41_000, gid: 41_000 };
const stepAs = { uid: 41_001, gid: 41_000 };

test(`agent and step work together ${isRoot ? 'as two users of one group' : 'as one user'}`, async () => {
  const host = LiveAgent.configured(s3Place(server));
  await host.put('in', 'input\n');
  const { plan } = host.job({
    inputs: [host.input('in')],
    outputs: [host.output('deep/er/a'), host.output('d', { kind: 'directory' }), host.output('t', { touch: true })],
    logs: [host.input('logs/log')],
  });
  const command =
    'cat in >deep/er/a && mkdir d && echo x >d/f && : >t && echo home >"$HOME/x" && echo tmp >"$TMPDIR/x"';
  const pod = new Pod(host, { commands: [command], plan, ...(isRoot && { agentAs, stepAs }) });
  expect(await pod.run(systemShell)).toBe(0);
  await host.commit(pod.report.manifest ?? host.input('none'));
  expect([await host.content('deep/er/a'), await host.content('d/f')]).toEqual(['input\n', 'x\n']);
});
