import { expect, test } from 'vitest';
import { outsideNpm } from './outside-npm.mjs';

test('takes away what npm adds for its scripts', () => {
  const env = {
    HOME: '/home/u',
    NODE: '/usr/bin/node',
    INIT_CWD: '/repo',
    npm_lifecycle_event: 'start',
    npm_config_cache: '/home/u/.npm',
    PATH: '/repo/node_modules/.bin:/node_modules/.bin:/usr/lib/node_modules/npm/run-script/node-gyp-bin:/usr/bin:/bin',
  };
  expect(outsideNpm(env)).toEqual({ HOME: '/home/u', PATH: '/usr/bin:/bin' });
});

test('leaves the environment alone outside npm scripts', () => {
  const env = { NODE: 'mine', PATH: '/repo/node_modules/.bin:/bin' };
  expect(outsideNpm(env)).toEqual(env);
});
