import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { defaultAgentImage } from './kubernetes.ts';
import { parseConfiguration } from './load.ts';

function settingsOf(text: string) {
  return parseConfiguration(text, 'konverge.yaml').kubernetes;
}

describe('the Kubernetes part of konverge.yaml', () => {
  it('has defaults that need no file', () => {
    expect(settingsOf('')).toEqual({
      agentImage: defaultAgentImage,
      runAs: { uid: 1000, gid: 1000 },
      security: 'restricted',
      pullSecrets: [],
      volumes: [],
      imageTimeoutMs: 300_000,
      logLimitBytes: 256 * 2 ** 20,
      graceMs: 30_000,
    });
    expect(defaultAgentImage.split(':')[1]).toBe(packageFile.version);
  });

  it('turns words into units', () => {
    const text = `
      namespace: team-a
      images: { default: 'python:3.12-slim', agent: 'agent:1', snakemake: 'snakemake:9' }
      kubernetes:
        context: lab
        run_as: { uid: 500 }
        image_timeout: 10m
        log_limit: 1Gi
        cancel_grace: 5
        volumes:
          - { name: data, mount_path: /data/, persistentVolumeClaim: { claimName: data } }
          - { name: lib, mount_path: /, read_only: true, hostPath: { path: /srv } }
    `;
    expect(settingsOf(text)).toMatchObject({
      namespace: 'team-a',
      defaultImage: 'python:3.12-slim',
      agentImage: 'agent:1',
      snakemakeImage: 'snakemake:9',
      context: 'lab',
      runAs: { uid: 500, gid: 500 },
      imageTimeoutMs: 600_000,
      logLimitBytes: 2 ** 30,
      graceMs: 5000,
      volumes: [
        { name: 'data', mountPath: '/data', readOnly: false, source: { persistentVolumeClaim: { claimName: 'data' } } },
        { name: 'lib', mountPath: '/', readOnly: true, source: { hostPath: { path: '/srv' } } },
      ],
    });
  });

  it.each([
    ['no source', '{ name: data, mount_path: /data }', 'found none'],
    ['two sources', '{ name: data, mount_path: /data, nfs: {}, hostPath: {} }', 'found nfs, hostPath'],
  ])('refuses a volume with %s', (_what, volume, message) => {
    expect(() => settingsOf(`kubernetes: { volumes: [${volume}] }`)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(message) }),
    );
  });
});
