import { asRecord } from './call-failure.ts';
import type { KubernetesObject } from './object.ts';

/** Whether a container will write nothing more: it has ended and is not started again. */
export function hasEnded(pod: KubernetesObject, container: string): boolean {
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  const status = listed(pod.status, ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']).find(
    ({ name }) => name === container,
  );
  const { terminated } = asRecord(status?.['state']);
  if (terminated === undefined) return false;
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  const spec = listed(pod.spec, ['containers', 'initContainers']).find(({ name }) => name === container);
  const initial = listed(pod.spec, ['initContainers']).some(({ name }) => name === container);
  // A sidecar is an init container with a policy of its own; any other init container is done with success.
  const ofPod = pod.spec?.['restartPolicy'] ?? 'Always';
  const policy = spec?.['restartPolicy'] ?? (initial && ofPod === 'Always' ? 'OnFailure' : ofPod);
  return policy === 'Never' || (policy === 'OnFailure' && asRecord(terminated)['exitCode'] === 0);
}

function listed(
  of: Readonly<Record<string, unknown>> | undefined,
  fields: readonly string[],
): Record<string, unknown>[] {
  return fields.flatMap((field) => {
    const value = of?.[field];
    return Array.isArray(value) ? value.map(asRecord) : [];
  });
}
