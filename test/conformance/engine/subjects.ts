import { kubernetesSubject, testKubeconfig } from './kubernetes-subject.ts';
import { localSubject } from './local-subject.ts';
import type { Subject } from './subject.ts';

/**
 * Every engine of the project. To run the suite over a new one: a line here. `npm test` runs it over those that need nothing
 * but this machine; `npm run test:cluster` brings a cluster, sets the variable, and runs it over the one that needs that.
 */
export const subjects: readonly Subject[] =
  testKubeconfig === undefined
    ? [
        localSubject('local', {}),
        localSubject(
          'local, scan and watch',
          { processTracking: 'scan', memoryLimit: 'watch' },
          { 'environment-wipe': 'a scan finds processes by their environment (design.md 12.8)' },
        ),
      ]
    : [kubernetesSubject(testKubeconfig)];

export function subjectOf(name: string): Subject {
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no subject ${name}`);
  return found;
}
