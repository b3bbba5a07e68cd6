import type { GroupMember } from '../src/domain/group.ts';

/** A member of a group that runs one command. */
export function member(name: string, command: string, more: Partial<GroupMember> = {}): GroupMember {
  return {
    name,
    shell: '/bin/sh',
    commands: [command],
    env: {},
    threads: 1,
    touch: [],
    logs: [],
    pipes: [],
    service: false,
    ready: [],
    ...more,
  };
}
