import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../config/load.ts';
import { StepRequest } from './step-request.ts';
import { type SessionSettings, stepFrom } from './translate.ts';

const off: SessionSettings = { containers: 'off' };
const on: SessionSettings = { containers: 'on' };

function request(resources: Record<string, string | number> = {}, more: Partial<StepRequest> = {}): StepRequest {
  return StepRequest.parse({
    ref: '1.1',
    rule: 'map',
    label: 'map n=1',
    attempt: 1,
    threads: 2,
    inputs: [{ path: 'in', version: '7' }],
    outputs: ['out'],
    logs: ['log'],
    resources: Object.fromEntries(Object.entries(resources).map(([name, value]) => [name, { value, stated: true }])),
    execution: { mode: 'direct', shell: '/bin/bash', commands: ['true'] },
    cwd: '/work',
    env: { OMP_NUM_THREADS: '2' },
    ...more,
  });
}

const none = parseConfiguration('', 'konverge.yaml');

describe('a job in Snakemake’s words', () => {
  it('is taken as it is', () => {
    expect(stepFrom(request({ mem_mb: 100 }), off, none)).toEqual({
      ref: '1.1',
      rule: 'map',
      label: 'map n=1',
      attempt: 1,
      priority: 0,
      inputs: [{ path: 'in', version: '7' }],
      outputs: ['out'],
      logs: ['log'],
      resources: { cpuMillis: 2000, memoryBytes: { value: 1e8, stated: true }, custom: {} },
      execution: { mode: 'direct', shell: '/bin/bash', commands: ['true'] },
      cwd: '/work',
      env: { OMP_NUM_THREADS: '2' },
      services: [],
      benchmark: false,
    });
  });

  it('has its priority from konverge.yaml’s rule, else its own, else from the command line; a name is a class of Kueue’s', () => {
    const configuration = parseConfiguration('rules: { map: { priority: 7 } }', 'konverge.yaml');
    const own = request({ kueue_priority: 3 }, { priority: 1 });
    expect(stepFrom(own, { ...off, priority: '5' }, configuration).priority).toBe(7);
    expect(stepFrom(own, { ...off, priority: '5' }, none).priority).toBe(3);
    expect(stepFrom(request(), { ...off, priority: '5' }, none).priority).toBe(5);
    expect(stepFrom(request({ kueue_priority: 'high' }, { priority: 1 }), off, none)).toMatchObject({
      priority: 1,
      priorityClass: 'high',
    });
    expect(stepFrom(request(), { ...off, priority: 'low' }, none)).toMatchObject({ priorityClass: 'low' });
    expect(stepFrom(own, off, none)).not.toHaveProperty('priorityClass');
  });

  it('has its topology from konverge.yaml’s rule, else its own, and each service once', () => {
    const text = 'rules: { map: { topology: unconstrained } }\nservices: { a: { command: [a] }, b: { command: [b] } }';
    const configuration = parseConfiguration(text, 'konverge.yaml');
    const own = request({ kueue_topology: 'preferred: example.com/rack', kueue_services: 'b a, b' });
    expect(stepFrom(own, off, configuration).topology).toEqual({ mode: 'unconstrained' });
    expect(stepFrom(own, off, { ...none, services: configuration.services })).toMatchObject({
      topology: { mode: 'preferred', level: 'example.com/rack' },
      services: [{ name: 'b' }, { name: 'a' }],
    });
    expect(() => stepFrom(request({ kueue_topology: 'near by' }), off, none)).toThrow(
      /^rule map, resource kueue_topology/,
    );
  });

  it('has its gates from konverge.yaml’s rule, which may have none, else its own', () => {
    const own = request({ kueue_gates: 'example.com/budget, lab/data' });
    const ruled = (gates: string) => parseConfiguration(`rules: { map: { gates: ${gates} } }`, 'konverge.yaml');
    expect(stepFrom(own, off, ruled('[example.com/other]')).gates).toEqual(['example.com/other']);
    expect(stepFrom(own, off, ruled('[]'))).not.toHaveProperty('gates');
    expect(stepFrom(own, off, none).gates).toEqual(['example.com/budget', 'lab/data']);
    expect(stepFrom(request(), off, none)).not.toHaveProperty('gates');
    expect(() => stepFrom(request({ kueue_gates: 'later' }), off, none)).toThrow(/^rule map, resource kueue_gates/);
  });

  it('has its queue from konverge.yaml’s rule, else from its own, else from the command line, else from konverge.yaml', () => {
    const configuration = parseConfiguration(
      'queue: general\nrules: { map: { queue: gpu, operator: job } }',
      'konverge.yaml',
    );
    const general = parseConfiguration('queue: general', 'konverge.yaml');
    const own = request({ kueue_queue: 'mine', kueue_operator: 'jobset' });
    const line = { ...off, queue: 'line' };
    expect(stepFrom(own, line, configuration)).toMatchObject({ queue: 'gpu', operator: 'job' });
    expect(stepFrom(own, line, general)).toMatchObject({ queue: 'mine', operator: 'jobset' });
    expect(stepFrom(request(), line, general).queue).toBe('line');
    expect(stepFrom(request(), off, general).queue).toBe('general');
    expect(stepFrom(request(), off, none)).not.toHaveProperty('queue');
  });

  it('has an image only where containers are honoured', () => {
    const configuration = parseConfiguration('rules: { map: { image: from-yaml } }', 'konverge.yaml');
    const settings = { ...on, image: 'from-line' };
    const both = request({ container: 'from-resource' }, { container: 'docker://from-rule' });
    expect(stepFrom(both, settings, configuration).container).toBe('from-resource');
    expect(stepFrom(request({}, { container: 'from-rule' }), settings, configuration).container).toBe('from-yaml');
    expect(stepFrom(request({}, { container: 'docker://from-rule:1' }), settings, none).container).toBe('from-rule:1');
    expect(stepFrom(request(), settings, none).container).toBe('from-line');
    expect(stepFrom(request({}, { container: null }), on, none)).not.toHaveProperty('container');
    expect(stepFrom(both, { ...settings, containers: 'off' }, configuration)).not.toHaveProperty('container');
    const local = parseConfiguration('local: { containers: "on" }', 'konverge.yaml');
    expect(stepFrom(both, { ...settings, containers: 'off' }, local).container).toBe('from-resource');
    const cluster = { ...settings, containers: 'off', engine: 'kubernetes' } as const;
    expect(stepFrom(both, cluster, none).container).toBe('from-resource');
    expect(stepFrom(both, { ...cluster, engine: 'local' }, none)).not.toHaveProperty('container');
  });

  it('has the services that konverge.yaml defines', () => {
    const services = 'services: { db: { command: [redis] }, web: { command: [httpd] } }';
    const configuration = parseConfiguration(services, 'konverge.yaml');
    const names = (resource: string): string[] =>
      stepFrom(request({ kueue_services: resource }), off, configuration).services.map(({ name }) => name);
    expect(names('db')).toEqual(['db']);
    expect(names('db, web')).toEqual(['db', 'web']);
    const outside = parseConfiguration(`${services}\nrules: { map: { services: [web] } }`, 'konverge.yaml');
    expect(stepFrom(request({ kueue_services: 'db' }), off, outside).services.map(({ name }) => name)).toEqual(['web']);
    expect(() => names('db cache')).toThrow(
      expect.objectContaining({
        code: 'service-unknown',
        message: 'rule map: kueue_services names "cache"; konverge.yaml defines: db, web',
      }),
    );
  });
});
