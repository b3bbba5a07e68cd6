import type { QueueHints } from '../../../ports/engine.ts';

export const kueueQueueHints: QueueHints = {
  unknown:
    'Use a LocalQueue of this namespace (`kubectl get localqueues`, `konverge doctor`), or ask who runs the cluster for one.',
  tooSmall:
    'Ask for less, use another LocalQueue, or have the quota of its ClusterQueue raised; `konverge doctor` lists queues and quotas.',
};
