import { expect, test } from 'vitest';
import { othersIn } from './company.ts';

const pod = { id: 1, parent: 0 };
const agent = { id: 20, parent: 15 };
const itsShell = { id: 15, parent: 0 };
const itsChild = { id: 30, parent: 20 };
const runner = { id: 7, parent: 0 };
const ofRunner = { id: 40, parent: 7 };
const orphanOfRunner = { id: 41, parent: 1 };

test.each([
  ['the agent alone', [pod, itsShell, agent, itsChild], 0],
  ['with a runner', [pod, runner, ofRunner, itsShell, agent], 2],
  ['with what a runner has left', [pod, orphanOfRunner, itsShell, agent], 1],
  ['as the first process of its container', [pod, { id: 20, parent: 0 }, itsChild], 0],
])('company: %s', (_what, processes, others) => {
  expect(othersIn(processes, 20)).toBe(others);
});
