import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../domain/brand.ts';
import { objectNameOf, secretNameOf } from './names.ts';

const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const stepId = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 16, maxLength: 16 }),
    fc.nat(),
    fc.nat(),
  )
  .map(([key, attempt, generation]) => `${key}-a${attempt}-g${generation}` as StepId);
const anyId = fc.oneof(stepId, fc.string() as fc.Arbitrary<StepId>);
const run = fc.string();
const rule = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('the name of an object', () => {
  test.each([
    ['align', 'align-f7c61c21f1fbcb46-a1-g1'],
    ['_Align__READS', 'align-reads-ab5eb77b7ca11ce6-a1-g1'],
    ['2nd_pass', 'step-2nd-pass-3a5e8b1fcd1ec1ff-a1-g1'],
    ['größe', 'gro-e-5f5f8e0ebd44cf15-a1-g1'],
    ['规则', 'step-0f3a3f5d29bf05a8-a1-g1'],
    ['a_very_long_name_of_a_rule_that_nobody_could_remember', 'a-very-long-name-of-a-rule-fbd7ee3b6fb3b6a3-a1-g1'],
  ])('of rule %s', (name, expected) => {
    const hash = /[0-9a-f]{16}(?=-a1)/;
    expect(objectNameOf('r', '0123456789abcdef-a1-g1' as StepId, name).replace(hash, 'HASH')).toBe(
      expected.replace(hash, 'HASH'),
    );
  });

  test('is a DNS-1035 label that leaves room for suffixes, whatever the rule is called', () => {
    fc.assert(
      fc.property(run, anyId, rule, (aRun, id, aRule) => {
        const name = objectNameOf(aRun, id, aRule);
        expect(name).toMatch(dns1035);
        expect(name.length).toBeLessThanOrEqual(50);
        expect(secretNameOf(name)).toMatch(dns1035);
      }),
    );
  });

  test('is the same for the same step, and another one for every other step, rule and run', () => {
    const triple = fc.tuple(run, anyId, rule);
    fc.assert(
      fc.property(triple, triple, (a, b) => {
        const same = a.every((part, index) => part === b[index]);
        expect(objectNameOf(...a) === objectNameOf(...b)).toBe(same);
      }),
    );
    fc.assert(
      fc.property(run, stepId, rule, (aRun, id, aRule) => {
        expect(objectNameOf(aRun, `${id}0` as StepId, aRule)).not.toBe(objectNameOf(aRun, id, aRule));
        expect(objectNameOf(`${aRun}0`, id, aRule)).not.toBe(objectNameOf(aRun, id, aRule));
        expect(objectNameOf(aRun, id, aRule)).toBe(objectNameOf(aRun, id, aRule));
      }),
    );
  });
});
