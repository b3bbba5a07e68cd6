import { podLayout } from '../../../domain/pod-layout.ts';
import type { MpiRequest } from '../../../domain/resources.ts';
import { mpiBin, srunKey } from './mpi-place.ts';

/** What stands first in the resource `mpi`. */
export function launcherProgram({ command }: Pick<MpiRequest, 'command'>): string {
  const [program = 'mpirun'] = command.trim().split(/\s+/);
  return program;
}

/** Of srun: what says where ranks are and what they get, which the step's resources say here. They have a value. */
const ignored = `-N --nodes -c --cpus-per-task --mpi -m --distribution --mem --mem-per-cpu --mem-per-gpu --gres --gpus --gpus-per-node
  --gpus-per-task -p --partition -A --account -q --qos -C --constraint -t --time -J --job-name --hint --cpu-bind --gpu-bind --threads-per-core`;
/** The same, without a value, or with one behind `=` only. */
const ignoredFlags = '-K --kill-on-bad-exit --exclusive --overlap -u --unbuffered -Q --quiet';

/**
 * In place of Slurm's `srun`, for workflows that name it as their launcher: the image's own mpirun, with as many ranks. What would
 * change what the step does and cannot be had is refused, with exit code 2.
 */
export function srunScript({ tasks, nodes }: Pick<MpiRequest, 'tasks' | 'nodes'>): string {
  return `#!/bin/sh
refuse() { echo "konverge: in place of srun, which the image has not: $1; say another launcher by the resource mpi" >&2; exit 2; }
tasks= per_node= nodes=${nodes}
while [ "$#" -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    --*=*) option=\${1%%=*} value=\${1#*=} given=1 ;;
    --*) option=$1 value= given=0 ;;
    -[nNcmpAqCtJ]?*) value=\${1#??} given=1; option=\${1%"$value"} ;;
    -?*) option=$1 value= given=0 ;;
    *) break ;;
  esac
  shift
  case $option in
    ${pattern(ignoredFlags)}) continue ;;
    -n | --ntasks | --ntasks-per-node | --export | ${pattern(ignored)}) ;;
    *) refuse "$option is not known" ;;
  esac
  if [ "$given" = 0 ]; then
    [ "$#" -gt 0 ] || refuse "$option has no value"
    value=$1
    shift
  fi
  case $option in
    -n | --ntasks) tasks=$value ;;
    -N | --nodes) nodes=\${value##*-} ;;
    --ntasks-per-node) per_node=$value ;;
    --export) [ "$value" = ALL ] || refuse "--export=$value: ranks have the variables of the step" ;;
  esac
done
[ "$#" -gt 0 ] || refuse 'there is no program'
for number in "$nodes" "\${per_node:-1}" "\${tasks:-1}"; do
  case $number in '' | *[!0-9]*) refuse "$number is not a number" ;; esac
done
if [ -z "$tasks" ]; then
  if [ -n "$per_node" ]; then tasks=$((nodes * per_node)); else tasks=${tasks}; fi
fi
for launcher in mpirun mpiexec; do
  command -v "$launcher" >/dev/null 2>&1 && exec "$launcher" -n "$tasks" "$@"
done
refuse 'it has neither mpirun nor mpiexec'
`;
}

/** In a hook before the commands: images for Kubernetes have no srun, which knows Slurm alone. */
export const srunStandIn = `if ! command -v srun >/dev/null 2>&1 && { command -v mpirun || command -v mpiexec; } >/dev/null 2>&1; then
  cat '${podLayout.commands}/${srunKey}' >'${mpiBin}/srun' && chmod 700 '${mpiBin}/srun'
  echo 'konverge: the image has no srun: its mpirun starts the ranks in place of it' >&2
fi
`;

function pattern(options: string): string {
  return options.split(/\s+/).join(' | ');
}
