import { describe, expect, test } from 'vitest';
import { buildContainerArgv, type ContainerCall, outermost, quote } from './container-argv.ts';

const call: ContainerCall = {
  image: 'quay.io/biocontainers/bwa:0.7.17',
  name: 'konverge-c0ffee-key-a1-g1-step',
  cwd: '/data/run 1',
  binds: ['/data/run 1', '/scratch'],
  envNames: ['KONVERGE_STEP_ID', 'THREADS'],
  uid: 1000,
  gid: 100,
  gpus: [],
  argv: ['bash', '-c', 'bwa mem "$x" > out'],
};

describe('a container', () => {
  test('with apptainer', () => {
    expect(buildContainerArgv('apptainer', { ...call, gpus: [0] })).toEqual([
      'apptainer',
      '--silent',
      'exec',
      '--pwd',
      '/data/run 1',
      '--bind',
      '/data/run 1:/data/run 1',
      '--bind',
      '/scratch:/scratch',
      '--nv',
      'docker://quay.io/biocontainers/bwa:0.7.17',
      'bash',
      '-c',
      'bwa mem "$x" > out',
    ]);
    expect(buildContainerArgv('apptainer', { ...call, image: '/images/bwa.sif' })).toContain('/images/bwa.sif');
  });

  test('with rootless podman', () => {
    expect(buildContainerArgv('podman', { ...call, memoryBytes: 1024 })).toEqual([
      'podman',
      'run',
      '--rm',
      '--name',
      'konverge-c0ffee-key-a1-g1-step',
      '--network',
      'host',
      '--workdir',
      '/data/run 1',
      '--volume',
      '/data/run 1:/data/run 1',
      '--volume',
      '/scratch:/scratch',
      '--env',
      'KONVERGE_STEP_ID',
      '--env',
      'THREADS',
      '--memory',
      '1024b',
      '--userns',
      'keep-id',
      '--user',
      '1000:100',
      '--entrypoint',
      'bash',
      'quay.io/biocontainers/bwa:0.7.17',
      '-c',
      'bwa mem "$x" > out',
    ]);
  });

  test('with docker', () => {
    expect(buildContainerArgv('docker', { ...call, gpus: [1, 2] })).toEqual([
      'docker',
      'run',
      '--init',
      '--rm',
      '--name',
      'konverge-c0ffee-key-a1-g1-step',
      '--network',
      'host',
      '--workdir',
      '/data/run 1',
      '--volume',
      '/data/run 1:/data/run 1',
      '--volume',
      '/scratch:/scratch',
      '--env',
      'KONVERGE_STEP_ID',
      '--env',
      'THREADS',
      '--user',
      '1000:100',
      '--gpus',
      '"device=1,2"',
      '--entrypoint',
      'bash',
      'quay.io/biocontainers/bwa:0.7.17',
      '-c',
      'bwa mem "$x" > out',
    ]);
  });

  test('as root keeps root', () => {
    expect(buildContainerArgv('podman', { ...call, uid: 0, gid: 0 })).not.toContain('--userns');
  });

  test('binds no directory twice', () => {
    expect(outermost(['/a/b', '/a', '/ab', '/a'])).toEqual(['/a', '/ab']);
  });

  test('is quoted for a shell', () => {
    expect(quote('/plain/path-1.0_x:y')).toBe('/plain/path-1.0_x:y');
    expect(quote("it's $x")).toBe(`'it'\\''s $x'`);
    expect(quote('')).toBe("''");
  });
});
