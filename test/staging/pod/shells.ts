import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Shell } from './pod.ts';

/** As /bin/sh of an image: the harness calls each of them `sh`. */
export const systemShell: Shell = { name: 'sh', program: '/bin/sh' };

/** The shells of this machine under which the wrapper is tested; the first is always there. */
export const shells: readonly Shell[] = [
  systemShell,
  ...['dash', 'bash', 'busybox'].flatMap((name) => {
    const folders = (process.env['PATH'] ?? '').split(delimiter);
    const program = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    const isSystem = program !== undefined && realpathSync(program) === realpathSync(systemShell.program);
    return program === undefined || isSystem ? [] : [{ name, program }];
  }),
];
