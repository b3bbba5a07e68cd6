/** The label that the operator patches onto every pod of a MiniCluster's namespace that lacks it, whosever pod it is. */
export const indexLabel = 'job-index';

/** What is left of the pod's name without the MiniCluster's (wherever in it that is), up to the next dash. */
export function indexOf(pod: string, cluster: string): string {
  const [index = ''] = pod.replace(`${cluster}-`, '').split('-');
  return index;
}

/** A JSON patch: it fails for a pod without any label, and with it all that was to follow. */
export function labelPatch(pod: string, cluster: string): object[] {
  return [{ op: 'add', path: `/metadata/labels/${indexLabel}`, value: indexOf(pod, cluster) }];
}
