import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KonvergeError } from '../domain/error.ts';
import { loadConfiguration, parseConfiguration } from './load.ts';

/** The example of design.md 12.16. */
const example = `
engine: kubernetes            # or local
queue: user-queue
namespace: team-a
local: { containers: "off", queues: { default: { cpu: 4, memory: 8Gi }, big: { cpu: 2, memory: 16Gi, priority: 10 } } }
images: { default: python:3.12-slim }
services:
  db: { image: redis:7, command: [redis-server], port: 6379, ready: tcp, replicas: 1, env: { MODE: fast }, cpu: 500m, memory: 1Gi }
rules:
  train: { queue: gpu, priority: high, services: [db], image: tensorflow/tensorflow:2.17.0, pod: { nodeSelector: { zone: a } } }
  simulate: { operator: minicluster, security: baseline, topology: 'preferred: example.com/rack', gates: [lab/budget] }
`;

function refusal(text: string): KonvergeError {
  try {
    parseConfiguration(text, 'konverge.yaml');
  } catch (error) {
    if (error instanceof KonvergeError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('konverge.yaml', () => {
  it('reads the example of the design', () => {
    const configuration = parseConfiguration(example, 'konverge.yaml');
    expect(configuration).toMatchObject({
      engine: 'kubernetes',
      queue: 'user-queue',
      kubernetes: { namespace: 'team-a', defaultImage: 'python:3.12-slim' },
      local: { containers: 'off', cancelGraceMs: 5000 },
      services: {
        db: {
          name: 'db',
          image: 'redis:7',
          command: ['redis-server'],
          env: { MODE: 'fast' },
          cpuMillis: 500,
          memoryBytes: 2 ** 30,
          port: 6379,
          ready: { kind: 'tcp' },
          replicas: 1,
        },
      },
      rules: {
        train: {
          queue: 'gpu',
          priority: 'high',
          services: ['db'],
          image: 'tensorflow/tensorflow:2.17.0',
          pod: { nodeSelector: { zone: 'a' } },
        },
        simulate: {
          operator: 'minicluster',
          security: 'baseline',
          topology: { mode: 'preferred', level: 'example.com/rack' },
          gates: ['lab/budget'],
        },
      },
    });
    expect(configuration.local.queues).toEqual([
      { name: 'default', priority: 0, cpuMillis: 4000, memoryBytes: 8 * 2 ** 30, gpu: 0, custom: {} },
      { name: 'big', priority: 10, cpuMillis: 2000, memoryBytes: 16 * 2 ** 30, gpu: 0, custom: {} },
    ]);
  });

  it('takes an empty file, and none', () => {
    expect(parseConfiguration('', 'konverge.yaml')).toEqual(
      loadConfiguration(mkdtempSync(join(tmpdir(), 'konverge-'))),
    );
  });

  it.each([
    ['broken YAML', 'engine: [local', /line 1/],
    [
      'an unknown setting, with its line',
      'engine: local\nqueeu: a\n',
      /konverge\.yaml:2: the file: unknown setting "queeu"/,
    ],
    [
      'an unknown setting deep down',
      'local:\n  queues:\n    big:\n      cpus: 2\n',
      /konverge\.yaml:\d+: local\.queues\.big: unknown setting "cpus"/,
    ],
    [
      'a quantity that cannot be read',
      'local: {queues: {big: {memory: 8 Gigs}}}',
      /local\.queues\.big\.memory.*8 Gigs/,
    ],
    ['a service without a command', 'services:\n  db: {port: 1}\n', /konverge\.yaml:2: services\.db\.command/],
    ['a port out of range', 'services: {db: {command: [a], port: 70000}}', /services\.db\.port/],
    ['a service that nobody defines', 'rules: {train: {services: [db]}}', /rules\.train\.services.*"db".*none/],
    ['a topology that is none', "rules: {train: {topology: 'near: rack'}}", /rules\.train\.topology.*near: rack/],
    ['a gate that is none', 'rules: {train: {gates: [budget]}}', /rules\.train\.gates.*"budget"/],
    ['a wrong word', 'local: {containers: maybe}', /local\.containers/],
    ['a name that cannot name anything', 'local: {queues: {Big_One: {}}}', /Big_One/],
    ['a list for a file', '- a\n- b\n', /the file/],
  ])('refuses %s', (_name, text, message) => {
    const error = refusal(text);
    expect(error.message).toMatch(message);
    expect(error.hint).not.toBe('');
  });

  it('names a file that was asked for and is not there', () => {
    expect(() => loadConfiguration('/', '/nowhere/konverge.yaml')).toThrow(/\/nowhere\/konverge\.yaml/);
    const directory = mkdtempSync(join(tmpdir(), 'konverge-'));
    writeFileSync(join(directory, 'other.yaml'), 'engine: local\n');
    expect(loadConfiguration('/', join(directory, 'other.yaml'))).toMatchObject({
      engine: 'local',
      path: join(directory, 'other.yaml'),
    });
  });
});
