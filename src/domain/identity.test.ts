import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestHashOf, stepIdOf, stepKeyOf } from './identity.ts';
import type { StepSpec } from './step.ts';

const spec: StepSpec = {
  ref: '1.1',
  rule: 'map',
  label: 'map sample=a',
  attempt: 1,
  priority: 0,
  inputs: [
    { path: 'a.fq', version: '17' },
    { path: 'ref.fa', version: '18' },
  ],
  outputs: ['a.bam', 'a.bai'],
  logs: [],
  resources: { cpuMillis: 1000, memoryBytes: { value: 1e9, stated: true }, custom: {} },
  execution: { mode: 'direct', shell: '/bin/bash', commands: ['bwa mem'] },
  cwd: '/work',
  env: { OMP_NUM_THREADS: '1' },
  services: [],
  benchmark: false,
};

describe('identity of a step', () => {
  it('is the same whatever the order of outputs, and whoever asks', () => {
    expect(stepKeyOf('/work', { ...spec, outputs: ['a.bai', 'a.bam'] })).toBe(stepKeyOf('/work', spec));
    expect(stepKeyOf('/work', { ...spec, ref: '7.2', attempt: 2 } as StepSpec)).toBe(stepKeyOf('/work', spec));
  });

  it('differs by place, rule and outputs, and by label where there are no outputs', () => {
    const keys = [
      stepKeyOf('/work', spec),
      stepKeyOf('/elsewhere', spec),
      stepKeyOf('/work', { ...spec, rule: 'sort' }),
      stepKeyOf('/work', { ...spec, outputs: ['a.bam'] }),
      stepKeyOf('/work', { ...spec, outputs: [] }),
      stepKeyOf('/work', { ...spec, outputs: [], label: 'map sample=b' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('does not mix up names that run into each other', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        fc.pre(JSON.stringify([...a].sort()) !== JSON.stringify([...b].sort()) && a.length > 0 && b.length > 0);
        expect(stepKeyOf('/w', { ...spec, outputs: a })).not.toBe(stepKeyOf('/w', { ...spec, outputs: b }));
      }),
    );
  });

  it('holds a request equal that a new process makes again', () => {
    const again: StepSpec = {
      ...spec,
      ref: '3.1',
      cwd: '/work/.snakemake/shadow/x',
      inputs: [...spec.inputs].reverse(),
    };
    expect(requestHashOf(again)).toBe(requestHashOf(spec));
    const otherOrder: StepSpec = {
      ...spec,
      resources: { custom: {}, memoryBytes: { stated: true, value: 1e9 }, cpuMillis: 1000 },
    };
    expect(requestHashOf(otherOrder)).toBe(requestHashOf(spec));
  });

  it('judges a step that runs through Snakemake by what it would do, not by its command', () => {
    const through = (command: string, digest: string): StepSpec => ({
      ...spec,
      execution: { mode: 'fallback', command, reasons: [], digest },
    });
    expect(requestHashOf(through('snakemake --attempt 1', 'a'))).toBe(
      requestHashOf(through('snakemake --attempt 2', 'a')),
    );
    expect(requestHashOf(through('snakemake', 'a'))).not.toBe(requestHashOf(through('snakemake', 'b')));
  });

  it.each<[string, StepSpec]>([
    ['command', { ...spec, execution: { mode: 'direct', shell: '/bin/bash', commands: ['bwa mem -a'] } }],
    ['shell', { ...spec, execution: { mode: 'direct', shell: '/bin/sh', commands: ['bwa mem'] } }],
    ['mode', { ...spec, execution: { mode: 'fallback', command: 'bwa mem', reasons: [], digest: 'a' } }],
    ['image', { ...spec, container: 'bwa:1' }],
    ['resources', { ...spec, resources: { cpuMillis: 2000, custom: {} } }],
    ['inputs', { ...spec, inputs: [{ path: 'a.fq', version: '19' }] }],
  ])('sees a change of %s', (_what, changed) => {
    expect(requestHashOf(changed)).not.toBe(requestHashOf(spec));
  });

  it('makes ids that can name folders and Kubernetes objects', () => {
    expect(stepIdOf(stepKeyOf('/w', spec), 2, 13)).toMatch(/^[0-9a-f]{16}-a2-g13$/);
  });
});
