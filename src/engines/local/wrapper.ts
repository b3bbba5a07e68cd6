/**
 * The few lines of POSIX shell that run each step. Builtins only: at hundreds of steps a second, each process counts.
 *
 * The wrapper leads a session of its own and outlives the core. All that a later core needs to know of the step it writes
 * into `status` (status-file.ts), in the directory it was started in:
 *
 * - `set -C; exec 9>status` makes the file only if it is not there. A recovering core makes it itself to keep a wrapper
 *   that was only just started from beginning; relative to the directory it was started in, so that a new directory of the
 *   same name is another one. Commands do not inherit fd 9.
 * - Nothing of the step runs before the first lines are on disk: without them, nothing has run.
 * - SIGTERM has a handler instead of being ignored, so that commands get the default and the wrapper lives to write the
 *   status. After a signal no further command is begun.
 * - Where a control group could not be joined, the last line is `refused`, before anything of the step has run.
 * - `times` tells the cpu time of ended children, /proc/uptime the time without a process for `date`.
 *
 * Arguments: note (one line), working directory, two cgroup.procs files (or empty), shell, commands…
 */
export const wrapperScript: string = `set +eufvx
stop=
trap 'stop=1' HUP INT QUIT TERM USR1 USR2 ALRM PIPE
set -C
exec 9>status
set +C
note=$1 cwd=$2 group1=$3 group2=$4 shell=$5
shift 5
read -r stat </proc/$$/stat
read -r up rest </proc/uptime
printf '%s\\n%s\\nbegun %s\\n' "$note" "$stat" "$up" >&9 || exit 125
{ [ -z "$group1" ] || echo 0 >"$group1"; } 2>/dev/null && { [ -z "$group2" ] || echo 0 >"$group2"; } 2>/dev/null || { echo refused >&9; exit 125; }
cd "$cwd" || { echo 'end nodir' >&9; exit 125; }
unset OLDPWD
code=0
for command do
[ -z "$stop" ] || { code=143; break; }
"$shell" -c "$command" 9>&-
code=$?
read -r up rest </proc/uptime
{ printf 'command %s %s\\n' "$code" "$up"; times; } >&9
[ "$code" = 0 ] || break
done
printf 'end %s\\n' "$code" >&9
exit "$code"
`;

export interface WrapperCall {
  /** Goes into the status file as it is; one line. */
  readonly note: string;
  readonly cwd: string;
  /** The cgroup.procs files to join: at most two. */
  readonly cgroupProcs: readonly string[];
  readonly shell: string;
  readonly commands: readonly string[];
}

export function wrapperArguments({ note, cwd, cgroupProcs, shell, commands }: WrapperCall): string[] {
  const [group1 = '', group2 = ''] = cgroupProcs;
  return ['-c', wrapperScript, 'konverge-step', note, cwd, group1, group2, shell, ...commands];
}

/** A service has no status: it joins the groups, and becomes the command. Arguments: directory, two groups, argv…. */
const serviceScript = `set +eufvx
cd "$1" || exit 125
{ [ -z "$2" ] || echo 0 >"$2"; [ -z "$3" ] || echo 0 >"$3"; } 2>/dev/null
shift 3
unset OLDPWD
exec "$@"
`;

export function serviceArguments(cwd: string, cgroupProcs: readonly string[], argv: readonly string[]): string[] {
  const [group1 = '', group2 = ''] = cgroupProcs;
  return ['-c', serviceScript, 'konverge-service', cwd, group1, group2, ...argv];
}
