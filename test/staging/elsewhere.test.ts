import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ObjectStoreServer, startObjectStoreServer } from '../object-store-server/server.ts';
import { LiveAgent, never } from './live-agent.ts';
import { buildPatienceMs, s3Place } from './stores.ts';

let server: ObjectStoreServer;
beforeAll(async () => {
  server = await startObjectStoreServer();
}, buildPatienceMs);
afterAll(() => server.stop());

test('what another machine is told has the credentials of this one, and nothing that means only this one', async () => {
  const agent = new LiveAgent(s3Place(server));
  const credentialsFile = join(agent.folder, 'credentials');
  writeFileSync(
    credentialsFile,
    '[work]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = token\n',
  );
  const told = agent.client.forElsewhere(never);
  agent.client.configure({
    stores: {
      chain: { kind: 's3', endpointUrl: server.endpoint },
      own: server.settings,
      files: { kind: 'directory' },
    },
    environment: {
      AWS_REGION: 'eu-north-1',
      AWS_PROFILE: 'work',
      AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
      SSL_CERT_FILE: '/home/me/ca.pem',
      HOME: agent.folder,
      https_proxy: 'http://proxy:3128',
    },
  });
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' };
  expect(await told).toEqual({
    stores: {
      chain: { kind: 's3', endpointUrl: server.endpoint, region: 'eu-north-1', credentials },
      own: server.settings,
      files: { kind: 'directory' },
    },
    environment: { AWS_REGION: 'eu-north-1', https_proxy: 'http://proxy:3128' },
  });
});

test('a machine without credentials says nothing of them', async () => {
  const agent = new LiveAgent(s3Place(server));
  const environment = { AWS_EC2_METADATA_DISABLED: 'true', HOME: agent.folder };
  agent.client.configure({ stores: { main: { kind: 's3', endpointUrl: server.endpoint } }, environment });
  const { stores } = await agent.client.forElsewhere(never);
  expect(stores).toEqual({ main: { kind: 's3', endpointUrl: server.endpoint, region: 'us-east-1' } });
});
