import { describe, expect, test } from 'vitest';
import { optionalImages } from '../../images/registry.ts';
import { parseCommand } from './options.ts';

describe('parseCommand', () => {
  test.each([
    [['up'], { kind: 'up', options: {} }],
    [
      ['up', '--kwok', '10', '--cpus', '0', '--audit', '--fast', '--images', 'mpi,lammps'],
      { kind: 'up', options: { kwok: 10, cpus: 0, audit: true, fast: true, images: ['mpi', 'lammps'] } },
    ],
    [['up', '--no-audit', '--images', ''], { kind: 'up', options: { audit: false, images: [] } }],
    [['build'], { kind: 'build' }],
    [['build', '--images', 'mpi,mpis'], { kind: 'build', images: ['mpi', 'mpis'] }],
    [['build', '--images', ''], { kind: 'build', images: [] }],
    [['down'], { kind: 'down', purge: false }],
    [['down', '--purge'], { kind: 'down', purge: true }],
    [['restart', 'kubelet', 'kueue'], { kind: 'restart', names: ['kubelet', 'kueue'] }],
    [['namespace', 'a'], { kind: 'namespace', names: ['a'] }],
    [['image', 'agent', 'a.tar'], { kind: 'image', name: 'agent', file: 'a.tar' }],
  ])('%j', (words, command) => {
    expect(parseCommand(words)).toEqual(command);
  });

  test.each([
    [[], 'usage'],
    [['start'], 'usage'],
    [['down', '--all'], 'usage'],
    [['up', '--nodes', '3'], "Unknown option '--nodes'"],
    [['up', '--kwok', 'many'], '--kwok wants a whole number from 0 to 1000, not "many"'],
    [['up', '--cpus', '-1'], 'usage'],
    [['build', '--audit'], 'usage'],
    [['up', '--images', 'apps'], `--images knows ${optionalImages.join(', ')}, not "apps"`],
  ])('refuses %j with a sentence', (words, sentence) => {
    expect(() => parseCommand(words)).toThrow(sentence);
  });
});
