import { markNames, podLayout, secretKeys } from './pod-layout.ts';

/** The places of pod-layout.ts; tests have them below a folder of theirs. */
export type PodLayout = Readonly<Record<keyof typeof podLayout, string>>;

/** The same places below `root`, which has no slash at its end; empty: those of a pod. */
export function podLayoutBelow(root: string): PodLayout {
  const below = Object.entries(podLayout).map(([name, path]) => [name, `${root}${path}`]);
  return Object.fromEntries(below) as PodLayout;
}

/** The same places with what agent and step share in another directory; the Secret and the commands are mounted where they are. */
export function podLayoutIn(shared: string): PodLayout {
  const moved = Object.entries(podLayout).map(([name, path]) => [
    name,
    path === podLayout.shared || path.startsWith(`${podLayout.shared}/`)
      ? `${shared}${path.slice(podLayout.shared.length)}`
      : path,
  ]);
  return Object.fromEntries(moved) as PodLayout;
}

/** Exit code of a step whose command is not to blame: its report has an `error`, or could not be had. */
export const podErrorExitCode = 125;

/** Of the variables of a step, as POSIX shell. */
export const environmentFileName = 'env.sh';

/** In the container's file system; the kubelet makes it, for any user to write. */
const terminationLog = '/dev/termination-log';

/** The wrapper as it is in a step's Secret. */
export const podWrapperScript: string = buildPodWrapper(podLayout);

export interface PodWrapperCall {
  /** Absolute, in the pod. */
  readonly workdir: string;
  /** How many `command-N` there are. */
  readonly commands: number;
  /** What runs them, if the image has it: else bash, else sh. */
  readonly shell: string;
}

/** What another kind of pod has differently. */
export interface PodWrapperChanges {
  /** A directory in front of PATH. */
  readonly bin?: string;
  /** Whether there may be scripts to run before and after the commands (`podHooks`). */
  readonly hooks?: true;
  /** Where the agent puts the variables of the step before its word; absent: they are beside the commands from the beginning. */
  readonly environment?: string;
  /** For how long the agent may not be there yet. */
  readonly patienceSeconds?: number;
  /** It exits with 0 whatever the commands did: who runs it must not hear of it, and the report says it. */
  readonly isDiscreet?: true;
}

/**
 * Files beside the commands, run by /bin/sh in the working directory. `before` runs first; `after` is told the exit code of the
 * commands. A line `refused CODE MESSAGE` that one writes to its descriptor 9 (pod-handshake.ts) is why the step fails, if it ends
 * with another code than 0; that of `after` counts only for a success.
 */
export const podHooks = { before: 'before.sh', after: 'after.sh' } as const;

/** The command of a step's container. */
export function podWrapperCommand({ workdir, commands, shell }: PodWrapperCall): readonly string[] {
  return ['/bin/sh', `${podLayout.commands}/${secretKeys.wrapper}`, workdir, String(commands), shell];
}

/** In the agent's image. */
export const podAgentProgram: readonly string[] = ['node', '/opt/konverge/agent.mjs', 'pod'];

/** The command of the agent's container. */
export const podAgentCommand: readonly string[] = buildPodAgentCommand(podLayout, podAgentProgram);

/**
 * Makes what is shared, then becomes the agent. Node cannot make a FIFO. Everybody may write: the step may run as another
 * user than the agent.
 */
export function buildPodAgentCommand(layout: PodLayout, program: readonly string[]): readonly string[] {
  const { marks, logs, home, tmp, agentState } = layout;
  const fifos = [markNames.staged, markNames.report].map((name) => quote(`${marks}/${name}`));
  const script = [
    'umask 0',
    `mkdir -p ${[marks, logs, home, tmp].map(quote).join(' ')}`,
    `mkdir -p -m 700 ${quote(agentState)}`,
    // A restarted agent finds them.
    ...fifos.map((fifo) => `{ [ -p ${fifo} ] || mkfifo ${fifo}; }`),
    `exec ${program.map(quote).join(' ')}`,
  ].join(' && ');
  return ['/bin/sh', '-c', script];
}

/**
 * The POSIX shell that runs a step in its pod, in an image of which nothing is known but that it has /bin/sh: builtins only
 * (`sleep` is used where it is there, and not missed). Arguments: working directory, number of commands, shell.
 *
 * waiting
 *   It waits for the agent by reading a FIFO, in a child: only `wait` lets a shell hear a signal at once. The agent holds its
 *   end open for as long as it lives, so nobody has to be there first; an agent that dies is seen as an empty read, and the
 *   next one writes again. There is no deadline here, as no builtin knows time: the agent answers whatever happens to it, a
 *   restarted one too, and gives up by itself; if it can never come back, the deadline of the pod ends both.
 * commands
 *   Each runs in the background, for the same reason. A shell without job control lets such a child ignore SIGINT and SIGQUIT;
 *   bash takes that back, dash and busybox cannot. Its standard input is empty.
 * SIGTERM
 *   Before the commands and after them: the wrapper ends. While one runs: every process of the step gets it, and the wrapper
 *   lives to tell how it ended. No further command is begun; what ends successfully all the same is a success.
 * left-over processes
 *   `cmd > >(gzip > file)` ends before its gzip does. After a success the wrapper waits up to 3 s for every process of its
 *   session, and of those that nobody else has as a child; what is left then is killed, so that outputs do not change any more.
 * company
 *   A fourth argument says that its session is not its own: then only its children count as processes of the step.
 * hooks
 *   What another kind of pod has to do before the commands and after them runs as they do, but is not counted as one.
 * names
 *   A variable of the image would be exported with our value if it had the same name, so ours all have a prefix.
 */
export function buildPodWrapper(
  layout: PodLayout,
  terminationMessage: string = terminationLog,
  {
    bin,
    hooks,
    environment = `${layout.commands}/${environmentFileName}`,
    patienceSeconds = 120,
    isDiscreet,
  }: PodWrapperChanges = {},
): string {
  const { marks, logs, commands, home, tmp } = layout;
  const isLate = environment !== `${commands}/${environmentFileName}`;
  return `set +eufvx
konverge_workdir=$1 konverge_count=$2 konverge_shell=$3 konverge_company=\${4-}
konverge_marks=${quote(marks)} konverge_logs=${quote(logs)} konverge_commands=${quote(commands)}
konverge_message=${quote(terminationMessage)}
konverge_code=143 konverge_child= konverge_stop= konverge_woken=

konverge_leave() {
  # The reader. It may not have let go of this trap yet, so SIGTERM could be lost; and a variable of ours may not be set yet.
  kill -s KILL "$!" 2>/dev/null
  [ "$konverge_code" != 0 ] || konverge_code=143
  exit "$konverge_code"
}
konverge_environment() {
  if [ -r ${quote(environment)} ]; then . ${quote(environment)}; fi
  HOME=${quote(home)} TMPDIR=${quote(tmp)}
  # Its user has no line in the image's list of users, and programs ask who they are.
  : "\${USER:=konverge}" "\${LOGNAME:=konverge}"
  export HOME TMPDIR USER LOGNAME${bin === undefined ? '' : `\n  PATH=${quote(bin)}:$PATH\n  export PATH`}
  unset IFS
}
konverge_uptime() { read -r konverge_up konverge_rest </proc/uptime; }
konverge_pause() { { sleep 0.05 || :; } 2>/dev/null; }

# Sends a signal, if one is given, to each process of the step; konverge_found says how many there are.
konverge_others() {
  konverge_signal=$1 konverge_found=0
  for konverge_place in /proc/[0-9]*; do
    { IFS= read -r konverge_stat <"$konverge_place/stat"; } 2>/dev/null || continue
    konverge_pid=\${konverge_place#/proc/}
    set -- \${konverge_stat##*) }
    case $1 in Z | X) continue ;; esac
    [ "$konverge_pid" != "$$" ] || continue
    [ "$4" = "$konverge_session" ] || [ "$2" = "$$" ] || continue
    konverge_found=$((konverge_found + 1))
    [ -z "$konverge_signal" ] || kill -s "$konverge_signal" "$konverge_pid" 2>/dev/null
  done
}

konverge_forward() {
  konverge_stop=1 konverge_woken=1
  [ -z "$konverge_child" ] || konverge_others TERM
}

# The first line of a FIFO that begins as it should; made by the agent, which may have started just now.
konverge_hear() {
  konverge_uptime
  konverge_begin=\${konverge_up%.*}
  until [ -p "$1" ] && [ -r "$1" ]; do
    konverge_uptime
    [ $((\${konverge_up%.*} - konverge_begin)) -lt ${patienceSeconds} ] || return 1
    konverge_pause
  done
  while :; do
    IFS= read -r konverge_line <"$1" || { [ -p "$1" ] || return 1; continue; }
    case $konverge_line in go | stop | '{'*) return 0 ;; esac
  done
}

konverge_figures() {
  konverge_cgroup=/sys/fs/cgroup
  if { read -r konverge_peak <$konverge_cgroup/memory.peak; } 2>/dev/null; then
    echo "memory $konverge_peak"
    konverge_kills $konverge_cgroup/memory.events
    { while read -r konverge_key konverge_value; do echo "cpu $konverge_key $konverge_value"; done <$konverge_cgroup/cpu.stat; } 2>/dev/null
    { while read -r konverge_line; do echo "io $konverge_line"; done <$konverge_cgroup/io.stat; } 2>/dev/null
  # Only the machine's own group has a release_agent: those would be everybody's figures.
  elif [ ! -e $konverge_cgroup/memory/release_agent ] && { read -r konverge_peak <$konverge_cgroup/memory/memory.max_usage_in_bytes; } 2>/dev/null; then
    echo "memory $konverge_peak"
    konverge_kills $konverge_cgroup/memory/memory.oom_control
  fi
}
# Of a process that is not the container's first one, the kubelet may not hear that the kernel has killed it, or too late.
konverge_kills() {
  { while read -r konverge_key konverge_value; do [ "$konverge_key" != oom_kill ] || echo "oom_kill $konverge_value"; done <"$1"; } 2>/dev/null
}

# A child of its own, whose end is konverge_code. Its streams are the step's.
konverge_child_ends() {
  konverge_child=$1
  [ -z "$konverge_stop" ] || konverge_others TERM
  konverge_code=143
  while :; do
    konverge_woken=
    # A shell tells of a killed child.
    { wait "$konverge_child"; } 2>/dev/null
    konverge_ended=$?
    # 127 after an interrupted wait: the child had ended already, and the shell has forgotten it.
    [ "$konverge_ended" = 127 ] && [ -n "$konverge_stop" ] || konverge_code=$konverge_ended
    [ -n "$konverge_woken" ] || break
  done
  konverge_child=
}
${hooks ? hookFunction : ''}
konverge_run() {
  cd "$konverge_workdir" 2>/dev/null || { echo 'end nodir' >&9; konverge_code=${podErrorExitCode}; return; }
  unset OLDPWD
  for konverge_name in "$konverge_shell" bash sh; do
    command -v "$konverge_name" >/dev/null 2>&1 && break
  done
  [ "$konverge_name" = "$konverge_shell" ] ||
    echo "konverge: the image has no $konverge_shell; the command is run by $konverge_name" >>"$konverge_logs/stderr"
  IFS= read -r konverge_stat </proc/$$/stat
  set -- \${konverge_stat##*) }
  konverge_session=$4
  # One of another namespace, so nobody's here; or one that others are in too.
  [ "$konverge_session" != 0 ] && [ -z "$konverge_company" ] || konverge_session=none
  trap konverge_forward HUP INT QUIT TERM
${hooks ? hookBefore : ''}  konverge_uptime
  { echo "begun $konverge_up"; konverge_figures; } >&9
  konverge_code=0 konverge_number=0
  while [ "$konverge_number" -lt "$konverge_count" ]; do
    [ -z "$konverge_stop" ] || { konverge_code=143; break; }
    (
      trap - HUP INT QUIT TERM
      exec "$konverge_name" "$konverge_commands/command-$konverge_number"
    ) </dev/null >>"$konverge_logs/stdout" 2>>"$konverge_logs/stderr" 9>&- &
    konverge_child_ends "$!"
    konverge_uptime
    { echo "command $konverge_code $konverge_up"; times; konverge_figures; } >&9
    [ "$konverge_code" = 0 ] || break
    konverge_number=$((konverge_number + 1))
  done
${hooks ? hookAfter : ''}  konverge_begin=\${konverge_up%.*}
  while [ "$konverge_code" = 0 ] && konverge_others '' && [ "$konverge_found" != 0 ]; do
    konverge_uptime
    [ $((\${konverge_up%.*} - konverge_begin)) -lt 3 ] || break
    konverge_pause
  done
  konverge_others KILL
  { ${hooks ? '[ -n "$konverge_refused" ] || ' : ''}echo "exit $konverge_code"; echo end; } >&9
}

${isLate ? '' : 'konverge_environment\n'}umask 0002
trap konverge_leave HUP INT QUIT TERM

( konverge_hear "$konverge_marks/${markNames.staged}" && [ "$konverge_line" = go ] ) &
if wait "$!"; then
${isLate ? '  konverge_environment\n' : ''}  exec 9>>"$konverge_marks/${markNames.ended}"
  konverge_run
  exec 9>&-
else
  konverge_code=${podErrorExitCode}
fi

trap konverge_leave HUP INT QUIT TERM
(
  konverge_hear "$konverge_marks/${markNames.report}" || exit 1
  printf %s "$konverge_line" >"$konverge_message"
  # In a text of the report the quotation marks would have backslashes before them.
  case $konverge_line in *'"error":{'*) exit 1 ;; esac
) &
wait "$!" || [ "$konverge_code" != 0 ] || konverge_code=${podErrorExitCode}
exit ${isDiscreet ? '0' : '"$konverge_code"'}
`;
}

const hookFunction = `konverge_refused=
# Why it fails it writes itself, if it knows.
konverge_hook() {
  konverge_hook_file=$konverge_commands/$1
  shift
  konverge_code=0
  [ -r "$konverge_hook_file" ] || return 0
  (
    trap - HUP INT QUIT TERM
    exec /bin/sh "$konverge_hook_file" "$@"
  ) </dev/null >>"$konverge_logs/stdout" 2>>"$konverge_logs/stderr" &
  konverge_child_ends "$!"
  [ "$konverge_code" != 0 ] || return 0
  konverge_refused=1
  konverge_code=${podErrorExitCode}
  echo 'refused' >&9
  return 1
}`;

const hookBefore = `  konverge_hook ${podHooks.before} || {
    [ -z "$konverge_stop" ] || { konverge_code=143; echo 'exit 143' >&9; }
    echo end >&9
    return
  }
`;

const hookAfter = `  konverge_own_code=$konverge_code
  if konverge_hook ${podHooks.after} "$konverge_code" || [ "$konverge_own_code" != 0 ]; then
    konverge_code=$konverge_own_code konverge_refused=
  fi
`;

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
