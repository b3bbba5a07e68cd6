import { describe, expect, test } from 'vitest';
import type { PodPatch } from '../../../domain/kubernetes-settings.ts';
import { applyPodPatch } from './apply-pod-patch.ts';
import { buildStepPod } from './build-step-pod.ts';
import { sampleContext, sampleOrder, sampleSettings } from './sample-orders.ts';

const { template } = buildStepPod(sampleOrder(), sampleSettings, sampleContext);

function patched(patch: PodPatch) {
  return applyPodPatch(template, patch, 'rules.align.pod');
}

describe('a patched pod', () => {
  test('has fields of its spec, written with or without `spec`, and metadata', () => {
    const { metadata, spec } = patched({
      metadata: { annotations: { note: 'x' } },
      spec: { priorityClassName: 'p' },
      nodeSelector: { zone: 'a' },
    });
    expect(metadata.annotations).toEqual({ ...template.metadata.annotations, note: 'x' });
    expect(metadata.labels).toEqual(template.metadata.labels);
    expect(spec).toEqual({ ...template.spec, priorityClassName: 'p', nodeSelector: { zone: 'a' } });
  });

  test('may have other rights, resources and a longer end', () => {
    const { spec } = patched({
      terminationGracePeriodSeconds: 600,
      securityContext: { runAsUser: 0, runAsNonRoot: null },
      containers: [{ name: 'step', securityContext: { readOnlyRootFilesystem: false } }],
      initContainers: [{ name: 'agent', resources: { requests: { memory: '1Gi' } } }],
    });
    expect(spec).toMatchObject({
      terminationGracePeriodSeconds: 600,
      securityContext: { runAsUser: 0, fsGroup: 1000 },
      containers: [
        { name: 'step', securityContext: { readOnlyRootFilesystem: false, capabilities: { drop: ['ALL'] } } },
      ],
      initContainers: [{ name: 'agent', resources: { requests: { cpu: '10m', memory: '1Gi' } } }],
    });
  });

  test.each<[PodPatch, string]>([
    [{ restartPolicy: 'OnFailure' }, 'restartPolicy: it has to stay Never'],
    [{ spec: null }, 'restartPolicy: it has to stay Never'],
    [{ containers: null }, "containers: the container step is konverge's, and has to stay"],
    [{ containers: [{ name: 'step', $patch: 'delete' }] }, "containers: the container step is konverge's"],
    [{ containers: [{ name: 'step', command: ['sh'] }] }, "containers[step].command: it is konverge's"],
    [{ containers: [{ name: 'step', args: ['x'] }] }, "containers[step].args: it is konverge's"],
    [
      { initContainers: [{ name: 'agent', restartPolicy: null }] },
      "initContainers[agent].restartPolicy: it is konverge's",
    ],
    [
      { containers: [{ name: 'step', volumeMounts: [{ mountPath: '/konverge', name: 'data' }] }] },
      'containers[step].volumeMounts: /konverge has to stay as it is',
    ],
    [{ volumes: [{ name: 'konverge-shared', hostPath: { path: '/' } }] }, "volumes: konverge-shared is konverge's"],
    [{ metadata: { labels: { 'konverge/run': 'x' } } }, "metadata.labels: konverge/run is konverge's"],
    [{ metadata: null }, "metadata.labels: app.kubernetes.io/managed-by is konverge's"],
    [{ metadata: 'x' }, 'metadata: it has to be an object'],
    [{ tolerations: { key: 'x' } }, 'tolerations: it has to be a list'],
  ])('may not break how steps run: %j', (patch, message) => {
    expect(() => patched(patch)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(() => patched(patch)).toThrow(`rules.align.pod: ${message}`);
  });
});
