import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLocalSettings, type LocalSettings } from '../../../src/engines/local/config.ts';
import { createEngineFactory } from '../../../src/engines/registry.ts';
import { type Lack, missingTool } from '../../test-unless.ts';
import { scriptedRig } from './staging-rig.ts';
import type { Need, Subject } from './subject.ts';
import { lackOfPodman, tinyImage } from './tiny-image.ts';

export function localSubject(
  name: string,
  settings: Partial<LocalSettings>,
  unsupported: Subject['unsupported'] = {},
): Subject {
  return {
    name,
    unsupported,
    lack: lackHere,
    concurrent: false,
    shortRuntimeMs: 1500,
    manySteps: 40,
    image: { name: tinyImage, mark: '/in-the-image' },
    prepare: async () => async () => undefined,
    open({ directory, queues }, host) {
      // A short grace, so that a step that ignores SIGTERM does not hold up the suite.
      const configuration: LocalSettings = { ...defaultLocalSettings, cancelGraceMs: 300, queues, ...settings };
      return createEngineFactory('local', { stateDir: join(directory, 'state'), configuration })(host);
    },
    urgent: () => ({ priority: 5 }),
    // The step has written down who would have told of its end.
    destroy: async ({ directory }) => {
      process.kill(Number(readFileSync(join(directory, 'supervisor'), 'utf8')), 'SIGKILL');
    },
    stagingRig: async () => scriptedRig(),
  };
}

function lackHere(need: Need): Lack {
  if (need === 'image') return lackOfPodman();
  return need === 'mpirun' ? missingTool('mpirun') : undefined;
}
