import { describe, expect, it } from 'vitest';
import { allKindsServed, type ServedKinds, selectKind } from './kind-selection.ts';
import type { ResourceRequest } from './resources.ts';

const plain: ResourceRequest = { cpuMillis: 1000, custom: {} };
const oneNode: ResourceRequest = { ...plain, mpi: { command: 'mpirun', tasks: 4, nodes: 1 } };
const twoNodes: ResourceRequest = { ...plain, mpi: { command: 'mpirun', tasks: 4, nodes: 2 } };
const all = allKindsServed();
const without = (...kinds: (keyof ServedKinds)[]): ServedKinds => ({
  ...all,
  ...Object.fromEntries(kinds.map((kind) => [kind, { served: false, reason: 'not installed' }])),
});
const ask = (resources: ResourceRequest, serviceNames: string[] = [], operator?: string) => ({
  rule: 'train',
  resources,
  serviceNames,
  ...(operator !== undefined && { operator }),
});

describe('choice of kind', () => {
  it.each([
    ['a plain step', ask(plain), all, 'job'],
    ['a step with services', ask(plain, ['db']), all, 'jobset'],
    ['mpi on one node', ask(oneNode), all, 'job'],
    ['mpi on two nodes', ask(twoNodes), all, 'mpijob'],
    ['mpi on two nodes without the MPI Operator', ask(twoNodes), without('mpijob'), 'minicluster'],
    ['what the author says', ask(twoNodes, [], 'flux-operator'), all, 'minicluster'],
    ["the prototype's name", ask(plain, [], 'Job'), all, 'job'],
    ['one node as an MPIJob, on request', ask(oneNode, [], 'mpijob'), all, 'mpijob'],
  ])('%s', (_name, question, served, kind) => {
    const choice = selectKind(question, served);
    expect(choice.kind).toBe(kind);
    expect(choice.reason).not.toBe('');
  });

  it.each([
    ['an unknown operator', ask(plain, [], 'slurm'), all, 'operator-unknown', /known are job/],
    ['a Job for two nodes', ask(twoNodes, [], 'job'), all, 'operator-unfit', /one node/],
    ['an MPIJob without mpi', ask(plain, [], 'mpijob'), all, 'operator-unfit', /resources mpi/],
    ['an MPIJob with services', ask(oneNode, ['db'], 'mpijob'), all, 'operator-unfit', /services/],
    [
      'two nodes and no operator',
      ask(twoNodes),
      without('mpijob', 'minicluster'),
      'kind-unserved',
      /MPI Operator.*Flux Operator/,
    ],
    ['services without JobSet', ask(plain, ['db']), without('jobset'), 'kind-unserved', /JobSet/],
  ])('refuses %s', (_name, question, served, code, message) => {
    expect(() => selectKind(question, served)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(() => selectKind(question, served)).toThrow(/rule train/);
  });
});
