import { kubernetesSubject, testKubeconfig } from './kubernetes-subject.ts';
import { localSubject } from './local-subject.ts';
import type { Subject } from './subject.ts';

/**
 * Every engine of the project. To run the suite over a new one: a line here. Kubernetes needs a cluster: `npm run test:cluster`
 * brings one and sets the variable, and runs this suite over it.
 */
export const subjects: readonly Subject[] = [
  localSubject('local', {}),
  localSubject(
    'local, scan and watch',
    { processTracking: 'scan', memoryLimit: 'watch' },
    { 'environment-wipe': 'a scan finds processes by their environment (design.md 12.8)' },
  ),
  ...(testKubeconfig === undefined ? [] : [kubernetesSubject(testKubeconfig)]),
];

export function subjectOf(name: string): Subject {
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no subject ${name}`);
  return found;
}
