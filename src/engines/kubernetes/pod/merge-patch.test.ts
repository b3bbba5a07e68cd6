import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonObject, mergePatch } from './merge-patch.ts';

const base: JsonObject = {
  restartPolicy: 'Never',
  nodeSelector: { disk: 'ssd', zone: 'b' },
  tolerations: [{ key: 'gpu', operator: 'Exists' }],
  containers: [
    {
      name: 'step',
      image: 'a',
      args: ['x', 'y'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
    { name: 'other', image: 'b' },
  ],
  volumes: [{ name: 'data', emptyDir: {} }],
};

describe('the merge of a patch', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'objects',
      { nodeSelector: { zone: 'a', arch: 'arm64' } },
      { nodeSelector: { disk: 'ssd', zone: 'a', arch: 'arm64' } },
    ],
    ['null, which removes', { nodeSelector: { zone: null }, restartPolicy: null }, { nodeSelector: { disk: 'ssd' } }],
    ['a whole object', { nodeSelector: { $patch: 'replace', zone: 'c' } }, { nodeSelector: { zone: 'c' } }],
    [
      'tolerations, which are added once',
      { tolerations: [{ key: 'spot' }, { key: 'gpu', operator: 'Exists' }] },
      { tolerations: [{ key: 'gpu', operator: 'Exists' }, { key: 'spot' }] },
    ],
    [
      'containers by name, their variables by name, and other lists as a whole',
      {
        containers: [
          {
            name: 'step',
            args: ['z'],
            env: [
              { name: 'B', valueFrom: { fieldRef: {} } },
              { name: 'C', value: '3' },
            ],
          },
          { name: 'new', image: 'c' },
        ],
      },
      {
        containers: [
          {
            name: 'step',
            image: 'a',
            args: ['z'],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', valueFrom: { fieldRef: {} } },
              { name: 'C', value: '3' },
            ],
          },
          { name: 'other', image: 'b' },
          { name: 'new', image: 'c' },
        ],
      },
    ],
    [
      'an element that is removed',
      {
        containers: [
          { name: 'other', $patch: 'delete' },
          { name: 'never', $patch: 'delete' },
        ],
      },
      { containers: (base['containers'] as readonly JsonObject[]).slice(0, 1) },
    ],
    [
      'volumes, which have one source',
      {
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'c' } },
          { name: 'more', emptyDir: {} },
        ],
      },
      {
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'c' } },
          { name: 'more', emptyDir: {} },
        ],
      },
    ],
    ['lists that are not there yet', { hostAliases: [{ ip: '1.2.3.4' }] }, { hostAliases: [{ ip: '1.2.3.4' }] }],
  ])('of %s', (_what, patch, expected) => {
    const removed = Object.entries(patch)
      .filter(([, value]) => value === null)
      .map(([name]) => name);
    const rest = Object.fromEntries(
      Object.entries({ ...base, ...expected }).filter(([name]) => !removed.includes(name)),
    );
    expect(mergePatch(base, patch)).toEqual(rest);
  });

  test.each<[JsonObject, string]>([
    [{ containers: [{ image: 'x' }] }, 'containers[0]: it needs a name'],
    [{ containers: [{ name: 'step', env: ['A=1'] }] }, 'containers[step].env[0]: it needs a name'],
    [{ containers: { name: 'step' } }, 'containers: it has to be a list'],
    [{ nodeSelector: 'ssd' }, 'nodeSelector: it has to be an object'],
    [{ nodeSelector: ['ssd'] }, 'nodeSelector: it has to be an object'],
    [{ $retainKeys: ['name'] }, '$retainKeys: this directive cannot be used here'],
  ])('refuses %j', (patch, message) => {
    expect(() => mergePatch(base, patch)).toThrow(message);
  });

  const json = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
  test('with nothing changes nothing, and twice is once', () => {
    fc.assert(
      fc.property(json, json, (one, patch) => {
        expect(mergePatch(one, {})).toEqual(one);
        let once: JsonObject;
        try {
          once = mergePatch(one, patch);
        } catch {
          return;
        }
        expect(mergePatch(once, patch)).toEqual(once);
      }),
    );
  });

  test('leaves the prototype alone', () => {
    const patch = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}') as JsonObject;
    const merged = mergePatch({ a: {} }, patch);
    expect((merged as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
