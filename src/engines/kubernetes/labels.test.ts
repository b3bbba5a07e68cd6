import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../domain/brand.ts';
import { requestHashOf } from '../../domain/identity.ts';
import { annotationKeys, labelKeys, labelValue, runSelector, stepAnnotations, stepLabels, stepOf } from './labels.ts';
import { sampleOrder } from './pod/sample-orders.ts';

const valid = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const text = fc.string({ unit: 'grapheme', maxLength: 150 });

describe('the value of a label', () => {
  test.each([
    ['align', 'align'],
    ['', ''],
    ['0123456789abcdef-a1-g12', '0123456789abcdef-a1-g12'],
    ['_private', 'private-50d9afeb'],
    ['sample one', 'sample_one-0a18d364'],
  ])('of %j', (given, expected) => {
    expect(labelValue(given).replace(/-[0-9a-f]{8}$/, '-HASH')).toBe(expected.replace(/-[0-9a-f]{8}$/, '-HASH'));
  });

  test('can be one, whatever the text is', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(labelValue(given)).toMatch(valid);
        expect(labelValue(given).length).toBeLessThanOrEqual(63);
        // What was made of a text is a value as it stands.
        expect(labelValue(labelValue(given))).toBe(labelValue(given));
      }),
    );
  });

  test('tells texts apart', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(labelValue(a) === labelValue(b)).toBe(a === b);
      }),
    );
  });
});

describe('what is written on the objects of a step', () => {
  const order = sampleOrder({ rule: 'r'.repeat(80), label: 'ü'.repeat(3000) }, '0123456789abcdef-a2-g3');

  test('labels select it', () => {
    expect(stepLabels(order, 'f00d')).toEqual({
      'app.kubernetes.io/managed-by': 'konverge',
      'konverge/run': 'f00d',
      'konverge/step': '0123456789abcdef-a2-g3',
      'konverge/rule': labelValue('r'.repeat(80)),
      'konverge/attempt': '2',
      'konverge/generation': '3',
    });
    expect(runSelector('f00d')).toBe('app.kubernetes.io/managed-by=konverge,konverge/run=f00d');
    expect(stepLabels(sampleOrder({ attempt: 4 }, 'odd'), 'f00d')).toMatchObject({ 'konverge/attempt': '4' });
  });

  test('annotations have it all, up to what an object can hold', () => {
    const annotations = stepAnnotations(order);
    expect(annotations).toMatchObject({
      [annotationKeys.step]: order.id,
      [annotationKeys.stepKey]: '0123456789abcdef',
      [annotationKeys.requestHash]: requestHashOf(order.spec),
      [annotationKeys.rule]: 'r'.repeat(80),
    });
    expect(annotations[annotationKeys.label]).toBe(`${'ü'.repeat(2048)} …`);
    expect(stepAnnotations(sampleOrder({ label: `x${'ü'.repeat(3000)}` }))[annotationKeys.label]).toBe(
      `x${'ü'.repeat(2047)} …`,
    );
  });

  test('the step can be read back', () => {
    const long = sampleOrder({}, `${'k'.repeat(80)}-a1-g1`);
    expect(stepOf({ labels: stepLabels(long, 'f'), annotations: stepAnnotations(long) })).toBe(long.id);
    expect(stepOf({ labels: { [labelKeys.step]: 'key-a1-g1' } })).toBe('key-a1-g1' as StepId);
    expect(stepOf({})).toBeUndefined();
  });
});
