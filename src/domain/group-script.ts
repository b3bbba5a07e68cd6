import type { GroupMember } from './group.ts';

/**
 * A group as one POSIX shell script: levels in order, the members of a level at once as far as `threads` cpus go. The same
 * text runs on this machine and in a pod, so it uses builtins only, and `mkfifo` where there are pipes.
 *
 * within a level
 *   Members are packed into waves whose threads fit the group; a wave ends when all of its members have ended. Members that
 *   are tied together by a pipe or a service must run at once, so such a level is one wave.
 * a member
 *   Runs its commands one after another in a subshell. Its exit code is kept by `wait`, one process id at a time.
 * a failure
 *   The members that run beside it are waited for, then the script ends with the first failed member's code. Members that are
 *   tied by a pipe are not waited for: they might wait for each other for ever.
 * a service
 *   Started first; the others begin when its files are there; it gets SIGTERM when they have ended, and whatever its exit
 *   code is then, it counts as a success. If it ends before them with a failure, the group fails.
 */
export function buildGroupScript(levels: readonly (readonly GroupMember[])[], threads: number): string {
  const lines = [
    'set -u',
    'failed=0',
    `fail() { echo "konverge: $1 of the group failed with exit code $2" >&2; [ "$failed" != 0 ] || failed=$2; }`,
  ];
  for (const level of levels) {
    for (const wave of wavesOf(level, threads)) lines.push(...waveLines(wave));
  }
  return `${lines.join('\n')}\n`;
}

/** First fit by the order of the members. A level with pipes or services cannot be cut. */
export function wavesOf(level: readonly GroupMember[], threads: number): readonly (readonly GroupMember[])[] {
  if (level.some(({ pipes, service }) => service || pipes.length > 0)) return [level];
  const waves: { members: GroupMember[]; free: number }[] = [];
  for (const member of level) {
    // One that is larger than the group itself runs alone.
    const wave = waves.find(({ free }) => free >= member.threads);
    if (wave) {
      wave.members.push(member);
      wave.free -= member.threads;
    } else {
      waves.push({ members: [member], free: threads - member.threads });
    }
  }
  return waves.map(({ members }) => members);
}

function waveLines(wave: readonly GroupMember[]): string[] {
  const services = wave.filter(({ service }) => service);
  const others = wave.filter(({ service }) => !service);
  const pipes = wave.flatMap((member) => member.pipes);
  return [
    ...pipes.map((pipe) => `[ -p ${quote(pipe)} ] || mkfifo ${quote(pipe)} || exit 1`),
    ...services.flatMap((member, index) => [`${memberText(member)} &`, `service_${index}=$!`]),
    ...services.flatMap((member, index) => waitForService(member, index)),
    ...(pipes.length > 0 ? tiedLines(others) : looseLines(others)),
    ...services.flatMap((member, index) => endService(member, index)),
    '[ "$failed" = 0 ] || exit "$failed"',
  ];
}

function looseLines(members: readonly GroupMember[]): string[] {
  return [
    ...members.flatMap((member, index) => [`${memberText(member)} &`, `member_${index}=$!`]),
    ...members.map((member, index) => `wait "$member_${index}" || fail ${quote(member.name)} $?`),
  ];
}

/**
 * Who reads a pipe that nobody will ever open for writing waits for ever, and so does who writes one that nobody reads. So the
 * first failure counts, whoever's it is, and the script ends at once; whoever runs it ends what is left of the step. `wait`
 * cannot wait for the first of several, so each member leaves its exit code in a file.
 */
function tiedLines(members: readonly GroupMember[]): string[] {
  const looks = members.map(
    ({ name }, index) =>
      `if [ -s ${ends}/${index} ]; then read -r code <${ends}/${index}; : >${ends}/${index}; left=$((left - 1)); [ "$code" = 0 ] || { fail ${quote(name)} "$code"; exit "$code"; }; fi`,
  );
  return [
    `rm -rf ${ends} && mkdir ${ends} || exit 1`,
    ...members.map((member, index) => `{ ${memberText(member)}; echo $? >${ends}/${index}; } &`),
    `left=${members.length}`,
    'while [ "$left" -gt 0 ]; do',
    ...looks,
    '[ "$left" = 0 ] || sleep 0.05',
    'done',
    `rm -rf ${ends}`,
  ];
}

/** Beside the files of the group, in a place of its own. */
const ends = '.konverge-group-ends';

/** A subshell of its own: what a member sets, no other one sees. The commands' standard input is empty. */
function memberText({ shell, commands, env, touch, logs, service }: GroupMember): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  const calls = commands.map((command) => `${quote(shell)} -c ${quote(command)}`);
  // A service becomes its command, so that the signal reaches it.
  if (service) return `(\n${[...exports, `exec ${calls[0] ?? 'true'}`].join('\n')}\n) </dev/null`;
  const runs = calls.map((call) => `${call} || exit`);
  const made = [...touch, ...logs].map((path) => `: >>${quote(path)} || exit`);
  return `(\n${[...exports, ...runs, ...made].join('\n')}\n) </dev/null`;
}

/** `sleep` is the one program; a service's files are made by other processes, and no builtin waits for a file. */
function waitForService({ name, ready }: GroupMember, index: number): string[] {
  return ready.map(
    (path) =>
      `while [ ! -e ${quote(path)} ]; do kill -0 "$service_${index}" 2>/dev/null || { wait "$service_${index}"; fail ${quote(name)} $?; exit 1; }; sleep 0.1; done`,
  );
}

function endService({ name }: GroupMember, index: number): string[] {
  return [
    `if kill -TERM "$service_${index}" 2>/dev/null; then wait "$service_${index}"; else wait "$service_${index}" || fail ${quote(name)} $?; fi`,
  ];
}

/** A word of POSIX shell, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
