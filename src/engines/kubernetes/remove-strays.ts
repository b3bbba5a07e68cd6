import type { Logger } from '../../ports/logger.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import type { KubernetesObject } from './client/object.ts';
import type { FollowedSteps } from './followed-steps.ts';
import { kindList } from './kinds/registry.ts';
import { stepOf } from './labels.ts';

/** Removes objects of steps that nobody asks for any more: a core was killed between their end and their removal. */
export function removeStrays(
  client: Pick<ClusterClient, 'remove'>,
  objects: Iterable<KubernetesObject>,
  steps: FollowedSteps,
  logger: Logger,
): void {
  for (const { metadata, kind } of objects) {
    if (steps.get(stepOf(metadata)) || metadata.deletionTimestamp !== undefined) continue;
    const found = kindList().find(({ resource }) => resource.kind === kind);
    if (found === undefined) continue;
    logger.info({ object: metadata.name }, 'removes an object of a step that is no more');
    const { name, namespace, uid } = metadata;
    const removed = client.remove(found.resource, name, {
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
    });
    removed.catch((error: unknown) => {
      logger.warn({ object: metadata.name, error: (error as Error).message }, 'it could not be removed');
    });
  }
}
