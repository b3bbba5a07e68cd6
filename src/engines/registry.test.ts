import { expect, test } from 'vitest';
import { defaultLocalSettings } from './local/config.ts';
import { createEngineFactory, engineRegistry } from './registry.ts';

const options = { stateDir: '/nowhere', configuration: defaultLocalSettings };

test('makes the engines of this version, and says why it does not make the others', () => {
  expect(createEngineFactory('local', options)).toBeTypeOf('function');
  for (const [name, entry] of Object.entries(engineRegistry)) {
    if (!entry.served) expect(() => createEngineFactory(name, options)).toThrow(entry.reason);
  }
  for (const name of ['nosuch', 'toString']) {
    expect(() => createEngineFactory(name, options)).toThrow(/local, kubernetes/);
  }
});
