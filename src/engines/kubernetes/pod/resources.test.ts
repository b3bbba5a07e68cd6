import { describe, expect, test } from 'vitest';
import type { ResourceRequest } from '../../../domain/resources.ts';
import type { PodContext } from './pod-context.ts';
import { agentResources, resourcesOf } from './resources.ts';
import { sampleContext } from './sample-orders.ts';

const gibibyte = 2 ** 30;

function resources(request: Partial<ResourceRequest>, capacity?: PodContext['capacity']) {
  const context = { ...sampleContext, ...(capacity && { capacity }) };
  return resourcesOf('align', { cpuMillis: 1000, custom: {}, ...request }, context);
}

describe('cpu', () => {
  test('is requested for all tasks, less what the agent asks for, and has no limit', () => {
    expect(resources({}).requests['cpu']).toBe('990m');
    const { requests, limits } = resources({ cpuMillis: 2000, mpi: { command: 'mpirun', tasks: 4, nodes: 1 } });
    expect(requests['cpu']).toBe('7990m');
    expect(limits).not.toHaveProperty('cpu');
  });

  test('is never nothing', () => {
    expect(resources({ cpuMillis: 5 }).requests['cpu']).toBe('1m');
  });
});

describe('memory', () => {
  test('that was stated is request and limit, however small the queue', () => {
    const stated = resources({ memoryBytes: { value: 4 * gibibyte, stated: true } }, { memoryBytes: gibibyte });
    expect(stated).toMatchObject({ requests: { memory: '4Gi' }, limits: { memory: '4Gi' }, notes: [] });
  });

  test('by default is a request of the whole pod, and no limit', () => {
    const hint = resources({ memoryBytes: { value: gibibyte, stated: false } });
    expect(hint.requests['memory']).toBe('896Mi');
    expect(hint.limits).toEqual({});
  });

  test('by default is lowered to the queue, and says so', () => {
    const hint = resources({ memoryBytes: { value: 8 * gibibyte, stated: false } }, { memoryBytes: 2 * gibibyte });
    expect(hint.requests['memory']).toBe('1920Mi');
    expect(hint.notes).toEqual(['memory: the default of 8Gi is lowered to the 2Gi of the queue']);
  });

  test('by default is not requested where the queue could never admit it', () => {
    const hint = resources({ memoryBytes: { value: gibibyte, stated: false } }, { memoryBytes: 0, covered: ['cpu'] });
    expect(hint.requests).toEqual({ cpu: '990m' });
    expect(agentResources({ ...sampleContext, capacity: { covered: ['cpu'] } })).toEqual({ cpu: '10m' });
    expect(agentResources(sampleContext)).toEqual({ cpu: '10m', memory: '128Mi' });
    expect(hint.notes).toEqual(['memory: not requested, since the queue has no quota of it and the rule states none']);
  });

  test('of which nobody spoke is little, but not nothing', () => {
    expect(resources({}).requests['memory']).toBe('128Mi');
    expect(resources({ memoryBytes: { value: 2 ** 20, stated: false } }).requests['memory']).toBe('1Mi');
  });
});

describe('disk', () => {
  const disk = (value: number, stated: boolean) => ({ diskBytes: { value, stated } });

  test('is requested where it was stated', () => {
    expect(resources(disk(20e9, true)).requests['ephemeral-storage']).toBe('20G');
    expect(resources(disk(20e9, true), { covered: ['cpu', 'ephemeral-storage'] }).requests).toHaveProperty(
      'ephemeral-storage',
    );
    expect(resources(disk(20e9, false)).requests).not.toHaveProperty('ephemeral-storage');
  });

  test('is left out where the queue could never admit it, and lowered where no node has it', () => {
    const uncovered = resources(disk(20e9, true), { covered: ['cpu', 'memory'] });
    expect(uncovered.requests).not.toHaveProperty('ephemeral-storage');
    expect(uncovered.notes).toEqual(['disk: not requested, since the queue has no quota of ephemeral-storage']);
    const slip = resources(disk(5e13, true));
    expect(slip.requests['ephemeral-storage']).toBe('1Ti');
    expect(slip.notes).toEqual(['disk: 50T is lowered to 1Ti']);
  });
});

describe('devices', () => {
  test.each([
    [{ count: 1 }, { 'nvidia.com/gpu': '1' }, {}],
    [{ count: 2, vendor: 'AMD', model: 'MI300X' }, { 'amd.com/gpu': '2' }, { 'amd.com/gpu.product-name': 'MI300X' }],
    [{ count: 1, vendor: 'intel' }, { 'gpu.intel.com/i915': '1' }, {}],
    [{ count: 1, vendor: 'gpu.intel.com/xe' }, { 'gpu.intel.com/xe': '1' }, {}],
    [
      { count: 1, model: 'cloud.google.com/gke-accelerator=nvidia-l4' },
      { 'nvidia.com/gpu': '1' },
      { 'cloud.google.com/gke-accelerator': 'nvidia-l4' },
    ],
    [{ count: 1, model: ' Tesla V100 ' }, { 'nvidia.com/gpu': '1' }, { 'nvidia.com/gpu.product': 'Tesla-V100' }],
  ])('%j', (gpu, amounts, nodeSelector) => {
    const found = resources({ gpu });
    expect(found.requests).toMatchObject(amounts);
    expect(found.limits).toEqual(amounts);
    expect(found.nodeSelector).toEqual(nodeSelector);
    expect(found.tolerations).toEqual([{ key: Object.keys(amounts)[0], operator: 'Exists', effect: 'NoSchedule' }]);
  });

  test.each([
    [{ count: 1, vendor: 'acme' }, 'gpu_manufacturer: "acme" is not known; known are nvidia, amd, intel'],
    [{ count: 1, model: 'a/b' }, 'gpu_model: "a/b" cannot be the label of a node'],
    [{ count: 1, model: '' }, 'gpu_model: "" cannot be the label of a node'],
    [
      { count: 1, vendor: 'gpu.intel.com/xe', model: 'X' },
      'gpu_model: "X" needs the label of a node here: label=value',
    ],
  ])('%j is refused', (gpu, message) => {
    expect(() => resources({ gpu })).toThrow(message);
  });

  test('of other names are requested if Kubernetes can know them', () => {
    const found = resources({
      custom: { 'example.com/fpga': 2, licences: 1, 'kubernetes.io/x': 1, 'a.kubernetes.io/x': 1 },
    });
    expect(found.limits).toEqual({ 'example.com/fpga': '2' });
    expect(found.requests).toMatchObject({ 'example.com/fpga': '2' });
    expect(found.notes).toEqual([
      'licences: not requested, since it is no resource of Kubernetes (those are written domain/name)',
      'kubernetes.io/x: not requested, since Kubernetes keeps that domain for itself',
      'a.kubernetes.io/x: not requested, since Kubernetes keeps that domain for itself',
    ]);
    expect(() => resources({ custom: { 'example.com/fpga': 0.5 } })).toThrow('0.5 is not a whole number');
  });
});
