import { expect, test } from 'vitest';
import { debianSuite } from './machine.ts';

test.each([
  ['ID=debian\nVERSION_CODENAME=trixie\n', 'trixie'],
  ['ID="debian"\nVERSION_CODENAME="bookworm"\n', 'bookworm'],
  // Its mirrors are others than Debian's.
  ['ID=ubuntu\nVERSION_CODENAME=noble\n', 'bookworm'],
  ['ID=debian\n', 'bookworm'],
])('images are made of the release of the machine: %j gives %s', (osRelease, suite) => {
  expect(debianSuite(osRelease)).toBe(suite);
});
