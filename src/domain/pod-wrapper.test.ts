import { expect, test } from 'vitest';
import { podLayout } from './pod-layout.ts';
import { podAgentCommand, podLayoutBelow, podWrapperCommand, podWrapperScript } from './pod-wrapper.ts';

test('the places below nothing are those of a pod', () => {
  expect(podLayoutBelow('')).toEqual(podLayout);
  expect(podLayoutBelow('/a').marks).toBe('/a/konverge/marks');
});

test('the commands of the two containers', () => {
  const call = { workdir: '/konverge/work', commands: 2, shell: 'bash' };
  expect(podWrapperCommand(call)).toEqual(['/bin/sh', '/konverge-step/wrapper.sh', '/konverge/work', '2', 'bash']);
  expect(podAgentCommand.slice(0, 2)).toEqual(['/bin/sh', '-c']);
  expect(podAgentCommand[2]).toMatch(/ && exec 'node' '\S+\/agent\.mjs' 'pod'$/);
});

test('the wrapper gives no variable of its own to the command', () => {
  const assigned = [...podWrapperScript.matchAll(/(?:^|[\s;({])([A-Za-z_]\w*)=/gm)].map(([, name]) => name);
  expect(assigned.length).toBeGreaterThan(20);
  expect(new Set(assigned.filter((name) => !name?.startsWith('konverge_')))).toEqual(
    new Set(['HOME', 'TMPDIR', 'IFS']),
  );
});
