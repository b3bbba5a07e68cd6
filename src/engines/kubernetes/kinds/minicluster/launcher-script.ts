import type { MpiRequest } from '../../../../domain/resources.ts';
import { leadNotes } from './place.ts';

/**
 * Takes the place of what stands in resources.mpi (mpirun, mpiexec, srun): the command stays as its author wrote it, and Flux starts
 * its ranks. Options that say how many ranks there are, which variables they have and where they work are translated; those that say
 * where ranks go, or how the launcher is to reach them, are Flux's own affair; any other is refused, as it would mean something.
 *
 * Sources: flux-run(1), mpirun(1) of Open MPI 4 and 5, mpiexec(1) of Hydra, srun(1).
 */
export function launcherScript({ tasks, nodes }: MpiRequest, cores: number): string {
  return `#!/bin/sh
tasks=${tasks} nodes=${nodes} cores=${cores} label= dir=
konverge_name=\${0##*/}
bad() {
  echo "konverge: $konverge_name: $1" >&2
  exit 2
}
number() {
  case $2 in '' | *[!0-9]*) bad "$1 wants a number, not '$2'" ;; esac
}
while [ "$#" -gt 0 ]; do
  case $1 in
    -n | -np | --np | --n | --ntasks) number "$1" "\${2-}"; tasks=$2; shift 2 ;;
    --ntasks=* | --np=*) number "\${1%%=*}" "\${1#*=}"; tasks=\${1#*=}; shift ;;
    -n[0-9]*) number -n "\${1#-n}"; tasks=\${1#-n}; shift ;;
    --cpus-per-task | --cores-per-task | -cpus-per-rank | --cpus-per-rank) number "$1" "\${2-}"; cores=$2; shift 2 ;;
    --cpus-per-task=* | --cores-per-task=*) number "\${1%%=*}" "\${1#*=}"; cores=\${1#*=}; shift ;;
    # Of srun the cores of a task, of Open MPI another word for -n.
    -c) number "$1" "\${2-}"; if [ "$konverge_name" = srun ]; then cores=$2; else tasks=$2; fi; shift 2 ;;
    # Flux gives its tasks the variables that it has.
    -x) case $2 in *=*) export "$2" ;; esac; shift 2 ;;
    -env | -genv) export "$2=$3"; shift 3 ;;
    --export=*) shift ;;
    -wdir | --wdir | -wd | --wd | -chdir | --chdir | -D) dir=$2; shift 2 ;;
    --chdir=* | --wdir=*) dir=\${1#*=}; shift ;;
    -l | --label | --tag-output | -tag-output | -prepend-rank | --prepend-rank) label=--label-io; shift ;;
    -genvall | -envall | -oversubscribe | --oversubscribe | --use-hwthread-cpus | --allow-run-as-root | --nolocal | -nolocal | \\
      --report-bindings | -q | --quiet | -quiet | -v | --verbose | -verbose | --exclusive | --overlap | -u | --unbuffered | -K)
      shift ;;
    -N | --nodes | -ppn | --ppn | -perhost | -npernode | --npernode | --ntasks-per-node | -pernode | --map-by | -map-by | \\
      --bind-to | -bind-to | --rank-by | -rank-by | --hostfile | -hostfile | --machinefile | -machinefile | -f | -host | \\
      --host | -H | -hosts | --mpi | --cpu-bind | --distribution | -m | -launcher | -bootstrap | -iface)
      shift 2 ;;
    --nodes=* | --ntasks-per-node=* | --map-by=* | --bind-to=* | --mpi=* | --cpu-bind=* | --distribution=* | -N[0-9]*) shift ;;
    --mca | -mca | --prtemca | --pmixmca) shift 3 ;;
    --) shift; break ;;
    -*) bad "flux run has no word for the option $1: leave it out, or write flux run yourself" ;;
    *) break ;;
  esac
done
[ "$#" -gt 0 ] || bad 'no program is given'
[ "$tasks" -ge "$nodes" ] || nodes=$tasks
: >'${leadNotes}/launched'
# In pods that share a node Flux would bind the first task of each to the same core.
exec flux run -N "$nodes" -n "$tasks" -c "$cores" -o cpu-affinity=off \${label:+"$label"} \${dir:+"--cwd=$dir"} "$@"
`;
}
