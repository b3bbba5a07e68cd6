import { expect, test } from 'vitest';
import { generatedFiles, readCurrent } from '../../tools/docs/generate.ts';

for (const file of generatedFiles) {
  test(`${file.path} is what the code says (else run: npm run docs)`, () => {
    const current = readCurrent(file.path);
    expect(current).toBe(file.make(current));
  });
}
