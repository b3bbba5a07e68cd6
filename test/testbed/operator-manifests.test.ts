import { describe, expect, test } from 'vitest';
import { adaptManifests, isHook, type Manifest } from './operator-manifests.ts';

const place = { authority: 'PEM', webhookPort: 9443, apiPort: 8082 };

function manifest(kind: string, name: string, rest: object = {}): Manifest {
  return { apiVersion: 'v1', kind, metadata: { name }, ...rest };
}

const service = { name: 'webhook-service', namespace: 'system', path: '/mutate' };
const byUrl = { url: 'https://127.0.0.1:9443/mutate', caBundle: 'UEVN' };

describe('adaptManifests', () => {
  test('drops what is for pods of the operator', () => {
    const all = ['Deployment', 'Secret', 'Service', 'Certificate', 'Issuer'].map((kind) => manifest(kind, 'a'));
    expect(adaptManifests(all, place)).toEqual([]);
  });

  test('has webhooks called by URL', () => {
    const webhooks = [{ name: 'm.kb.io', clientConfig: { service }, failurePolicy: 'Fail' }];
    const [adapted] = adaptManifests([manifest('MutatingWebhookConfiguration', 'm', { webhooks })], place);
    expect(adapted).toMatchObject({ webhooks: [{ name: 'm.kb.io', clientConfig: byUrl, failurePolicy: 'Fail' }] });
    expect(JSON.stringify(adapted)).not.toContain('webhook-service');
  });

  test('has conversions called by URL, and leaves definitions without one alone', () => {
    const converted = manifest('CustomResourceDefinition', 'a', {
      spec: { group: 'g', conversion: { strategy: 'Webhook', webhook: { clientConfig: { service } } } },
    });
    const plain = manifest('CustomResourceDefinition', 'b', { spec: { group: 'g' } });
    expect(adaptManifests([converted, plain], place)).toEqual([
      { ...converted, spec: { group: 'g', conversion: { strategy: 'Webhook', webhook: { clientConfig: byUrl } } } },
      plain,
    ]);
  });

  test('makes the aggregated API reachable on this machine', () => {
    const given = [
      manifest('APIService', 'v1', { spec: { service: { name: 'visibility-server', namespace: 'system' } } }),
      manifest('Service', 'visibility-server', { spec: { ports: [] } }),
    ];
    expect(adaptManifests(given, place)).toMatchObject([
      { kind: 'Service', spec: { type: 'ExternalName', externalName: 'localhost' } },
      { kind: 'APIService', spec: { service: { name: 'visibility-server', port: 8082 } } },
    ]);
    expect(adaptManifests(given, { authority: 'PEM', webhookPort: 9443 })).toEqual([]);
  });

  test('sorts by need, calls to the operator last', () => {
    const kinds = [
      'ValidatingWebhookConfiguration',
      'ClusterRole',
      'ServiceAccount',
      'CustomResourceDefinition',
      'Namespace',
    ];
    const sorted = adaptManifests(
      kinds.map((kind) => manifest(kind, 'a', { webhooks: [], spec: {} })),
      place,
    );
    expect(sorted.map(({ kind }) => kind)).toEqual(kinds.toReversed());
    expect(sorted.filter(isHook)).toHaveLength(1);
  });
});
