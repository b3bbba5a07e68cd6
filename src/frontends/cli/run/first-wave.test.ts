import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Preview, textOf } from './first-wave.ts';

const manifests = [{ kind: 'Job' }, { kind: 'Secret', data: '# no\n---\n' }];
const planned: Preview = {
  ref: 'r1',
  outcome: 'planned',
  explanation: {
    step: '52e2580f6af7a594-a1-g1',
    label: 'align sample=a\nb',
    state: 'planned',
    engine: 'kubernetes',
    kind: 'job',
    kindReason: 'a plain step',
    queue: 'main',
    mode: 'fallback',
    fallbackReasons: ['it has run:'],
    outputs: 'all or none',
    waits: null,
    plan: {
      manifests: [{ kind: 'Job' }, { kind: 'Secret', data: '# no\n---\n' }],
      notes: ['image: a (images.default)'],
    },
  },
};

test('documents for kubectl, the rest as comments', () => {
  const error = { code: 'never-fits', message: 'rule big: too large', hint: 'Ask for less.' };
  const text = textOf([planned, { ref: 'r2', outcome: 'refused', error }]);
  expect(text).toBe(
    [
      '# the first wave: 2 steps, of which 1 would be refused',
      '#',
      '# align sample=a',
      '# b  (52e2580f6af7a594-a1-g1)',
      '# kind    job, because a plain step',
      '# queue   main',
      '# mode    through Snakemake: it has run:',
      '# note    image: a (images.default)',
      '---',
      'kind: Job',
      '---',
      'kind: Secret',
      'data: |',
      '  # no',
      '  ---',
      '#',
      '# r2: refused: never-fits: rule big: too large',
      '#   Ask for less.',
    ].join('\n'),
  );
  expect(parseAllDocuments(text).map((document) => document.toJS() as unknown)).toEqual(manifests);
});

test('nothing is ready', () => {
  expect(textOf([])).toBe('# no step is ready to be submitted');
});
