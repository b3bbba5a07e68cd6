import { expect, test } from 'vitest';
import { parseTopology } from './topology.ts';

test.each([
  ['required: example.com/rack', { mode: 'required', level: 'example.com/rack' }],
  [' preferred:example.com/block ', { mode: 'preferred', level: 'example.com/block' }],
  ['kubernetes.io/hostname', { mode: 'required', level: 'kubernetes.io/hostname' }],
  ['unconstrained', { mode: 'unconstrained' }],
] as const)('%s', (text, topology) => {
  expect(parseTopology(text, 'here')).toEqual(topology);
});

test.each(['', 'required:', 'needed: rack', 'a b', 'example.com/', `x/${'y'.repeat(64)}`])('refuses %j', (text) => {
  expect(() => parseTopology(text, 'rule a, resource kueue_topology')).toThrow(
    /^rule a, resource kueue_topology: ".*" is none of/,
  );
});
