import { describe, expect, test } from 'vitest';
import { KonvergeError } from '../../../domain/error.ts';
import type { ClusterClient } from '../client/cluster-client.ts';
import { type KubernetesObject, type ResourceType, resources } from '../client/object.ts';
import { changePriority } from './change-priority.ts';
import { queueIn, readQueues, requireKueue, requirePriorityClass } from './preflight.ts';

type Part = Pick<ClusterClient, 'namespace' | 'get' | 'list' | 'read' | 'patch'>;

/** An API server with these objects; `forbidden` names the plurals that this user may not touch. */
function cluster(
  objects: readonly KubernetesObject[],
  forbidden: readonly string[] = [],
  versions = ['v1beta2', 'v1beta1'],
) {
  const requests: string[] = [];
  const ask = (verb: string, { plural }: ResourceType): void => {
    requests.push(`${verb} ${plural}`);
    if (forbidden.includes(plural)) throw new KonvergeError('cluster-forbidden', `may not ${verb} ${plural}`);
  };
  const of = ({ kind }: ResourceType): KubernetesObject[] => objects.filter((object) => object.kind === kind);
  const client: Part = {
    namespace: 'team',
    get: async (type, name) => {
      ask('get', type);
      return of(type).find(({ metadata }) => metadata.name === name);
    },
    list: async (type) => {
      ask('list', type);
      return { items: of(type), resourceVersion: '1' };
    },
    read: async (path) => {
      requests.push(path);
      if (path === '/apis/kueue.x-k8s.io') {
        return versions.length === 0 ? undefined : { versions: versions.map((version) => ({ version })) };
      }
      if (forbidden.includes('namespaces')) throw new KonvergeError('cluster-forbidden', 'no');
      return { metadata: { labels: { team: 'a' } } };
    },
    patch: async (type, name, patch) => {
      requests.push(`patch ${type.plural}/${name} ${JSON.stringify(patch)}`);
      return of(type).find(({ metadata }) => metadata.name === name);
    },
  };
  return { client, requests };
}

function object(kind: string, name: string, spec: object = {}): KubernetesObject {
  return { apiVersion: 'kueue.x-k8s.io/v1beta2', kind, metadata: { name }, spec: { ...spec } };
}

const quota = {
  resourceGroups: [
    { coveredResources: ['cpu'], flavors: [{ name: 'real', resources: [{ name: 'cpu', nominalQuota: '4' }] }] },
  ],
};
const usual = [
  object('LocalQueue', 'main', { clusterQueue: 'cq' }),
  object('LocalQueue', 'lost', { clusterQueue: 'nosuch' }),
  object('ClusterQueue', 'cq', { namespaceSelector: {}, ...quota }),
];

describe('queues', () => {
  test('all of a namespace, in three requests', async () => {
    const { client, requests } = cluster(usual);
    const { queues, unknown } = await readQueues(client);
    expect(queues.get('main')).toMatchObject({ clusterQueue: 'cq', groups: [{ resources: ['cpu'] }] });
    expect(queues.get('lost')?.stopped).toBe('its ClusterQueue nosuch does not exist');
    expect(unknown).toEqual([]);
    expect(requests).toEqual(['/apis/kueue.x-k8s.io', 'list localqueues', 'list clusterqueues']);
  });

  test('who may not read ClusterQueues is told, and goes on', async () => {
    const { client } = cluster(usual, ['clusterqueues']);
    const { queues, unknown } = await readQueues(client);
    expect(queues.get('main')).toEqual({ name: 'main', clusterQueue: 'cq' });
    expect(unknown).toEqual([expect.stringContaining('may not read ClusterQueues')]);
  });

  test('labels of the namespace are read only if a selector asks for them', async () => {
    const picky = [
      usual[0]!,
      object('ClusterQueue', 'cq', { namespaceSelector: { matchLabels: { team: 'b' } }, ...quota }),
    ];
    const { client, requests } = cluster(picky);
    expect((await readQueues(client)).queues.get('main')?.stopped).toContain('namespaceSelector');
    expect(requests).toContain('/api/v1/namespaces/team');
    const blind = cluster(picky, ['namespaces']);
    expect((await readQueues(blind.client)).queues.get('main')?.stopped).toBeUndefined();
  });

  test('who may not read LocalQueues can submit nothing', async () => {
    await expect(readQueues(cluster(usual, ['localqueues']).client)).rejects.toMatchObject({
      code: 'cluster-forbidden',
    });
  });

  test('a queue that is not there is told with those that are', async () => {
    const report = await readQueues(cluster(usual).client);
    expect(queueIn(report, 'main', 'team').name).toBe('main');
    expect(() => queueIn(report, 'nosuch', 'team')).toThrow(
      expect.objectContaining({
        code: 'queue-unknown',
        message: 'there is no LocalQueue nosuch in namespace team; there are: lost, main',
        hint: expect.stringContaining('kubectl get localqueues'),
      }),
    );
    const empty = await readQueues(cluster([]).client);
    expect(() => queueIn(empty, 'main', 'team')).toThrow('nor any other one');
  });
});

describe('Kueue itself', () => {
  test.each([
    [[], 'Kueue is not installed'],
    [['v1beta1'], 'in v1beta1, and v1beta2 is needed'],
  ])('served in %j', async (versions, message) => {
    await expect(requireKueue(cluster([], [], versions).client)).rejects.toMatchObject({
      code: 'crd-missing',
      message: expect.stringContaining(message),
    });
  });
});

describe('priority', () => {
  const classes = [object('WorkloadPriorityClass', 'low'), object('WorkloadPriorityClass', 'high')];

  test('a class that is not there is told with those that are', async () => {
    await requirePriorityClass(cluster(classes).client, 'high');
    await expect(requirePriorityClass(cluster(classes).client, 'top')).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'there is no WorkloadPriorityClass top; there are: high, low',
    });
    await expect(requirePriorityClass(cluster([]).client, 'top')).rejects.toThrow('there are none');
  });

  test('what may not be read is taken to exist', async () => {
    await expect(requirePriorityClass(cluster([], ['workloadpriorityclasses']).client, 'top')).resolves.toBeUndefined();
  });

  test('is changed by one patch of the label', async () => {
    const { client, requests } = cluster([object('Job', 'step-1')]);
    expect(await changePriority(client, resources.jobs, 'step-1', 'high')).toBe(true);
    expect(await changePriority(client, resources.jobs, 'gone', 'high')).toBe(false);
    expect(requests[0]).toBe('patch jobs/step-1 {"metadata":{"labels":{"kueue.x-k8s.io/priority-class":"high"}}}');
  });
});
