import { describe, expect, test } from 'vitest';
import { parseCgroupMounts, parseOomKills, smallestLimitBytes } from './cgroup-membership.ts';

describe('control groups', () => {
  test('version 2 of a desktop', () => {
    const mountinfo =
      '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';
    const own = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope\n';
    expect(parseCgroupMounts(mountinfo, own)).toEqual([
      {
        version: 2,
        controllers: [],
        mountPoint: '/sys/fs/cgroup',
        ownDirectory: '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope',
      },
    ]);
  });

  test('versions 1 and 2 side by side', () => {
    const mountinfo = [
      '30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
      '31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    ].join('\n');
    const own = '4:memory:/jobs/one\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n';
    expect(parseCgroupMounts(mountinfo, own)).toEqual([
      { version: 2, controllers: [], mountPoint: '/sys/fs/cgroup/unified', ownDirectory: '/sys/fs/cgroup/unified' },
      {
        version: 1,
        controllers: ['cpu', 'cpuacct'],
        mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
        ownDirectory: '/sys/fs/cgroup/cpu,cpuacct',
      },
      {
        version: 1,
        controllers: ['memory'],
        mountPoint: '/sys/fs/cgroup/memory',
        ownDirectory: '/sys/fs/cgroup/memory/jobs/one',
      },
    ]);
  });

  test('the part of the tree that a container sees', () => {
    const memory = (root: string) => `33 30 0:29 ${root} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory`;
    const directory = (root: string, path: string) =>
      parseCgroupMounts(memory(root), `4:memory:${path}\n`)[0]?.ownDirectory;
    expect(directory('/docker/abc', '/docker/abc')).toBe('/sys/fs/cgroup/memory');
    expect(directory('/docker/abc', '/docker/abc/inner')).toBe('/sys/fs/cgroup/memory/inner');
    expect(directory('/docker/abc', '/elsewhere')).toBeUndefined();
    expect(directory('/..', '/')).toBe('/sys/fs/cgroup/memory');
  });

  test('none at all, and mount points with a space', () => {
    expect(parseCgroupMounts('', '')).toEqual([]);
    const mountinfo = '35 24 0:30 / /my\\040cgroup rw - cgroup2 none rw';
    expect(parseCgroupMounts(mountinfo, '0::/a\n')[0]).toMatchObject({
      mountPoint: '/my cgroup',
      ownDirectory: '/my cgroup/a',
    });
  });

  test('limits and kills', () => {
    expect(smallestLimitBytes(['max\n', '', '9223372036854771712\n'])).toBeUndefined();
    expect(smallestLimitBytes(['max\n', '2147483648\n', '1073741824\n'])).toBe(1073741824);
    expect(parseOomKills('low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n')).toBe(2);
    expect(parseOomKills('oom_kill_disable 0\nunder_oom 0\noom_kill 1\n')).toBe(1);
    expect(parseOomKills('oom_kill_disable 0\nunder_oom 0\n')).toBe(0);
  });
});
