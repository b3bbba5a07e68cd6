import type { MpiRequest } from '../../../../domain/resources.ts';
import { bringFunction, type OtherPod } from '../../pod/bring-outputs.ts';
import { shellWord } from '../../pod/environment.ts';
import { refuseFunction } from '../../pod/hook-functions.ts';
import { fluxFiles, leadNotes, miniClusterBin, miniClusterLayout } from './place.ts';

const { commands } = miniClusterLayout;
const follower = `${commands}/${fluxFiles.follower}`;

const otherPod: OtherPod = {
  fetch: `flux exec --dir=/ -r "$2" /bin/sh '${follower}' fetch "$PWD"`,
  decode: 'base64 -d',
  name: 'pod $2',
  leader: 'the first pod',
};

/**
 * Before the commands, in the pod of index 0, where the Flux instance is up: puts a launcher of ours in the place of the one that the
 * step calls, sees that Flux can ever place the tasks, and waits until every follower has its inputs.
 * `launcher`: what stands in resources.mpi, if anything.
 */
export function leadBefore(launcher: string | undefined, { tasks, nodes }: MpiRequest, cores: number): string {
  const [program = ''] = (launcher ?? '').trim().split(/\s+/);
  const name = program.slice(program.lastIndexOf('/') + 1);
  const shims = name === '' || name === 'flux' ? [] : [...new Set([name, 'mpirun', 'mpiexec', 'srun'])];
  return `${refuseFunction}
umask 0022
mkdir -p '${miniClusterBin}' '${leadNotes}'
command -v flux >/dev/null 2>&1 ||
  refuse image-unfit 'the image has no flux: use an image that has it, or have a view of it added by flux_view'
for shim in ${shims.map(shellWord).join(' ')}; do
  cp '${commands}/${fluxFiles.launcher}' '${miniClusterBin}/'"$shim" && chmod 755 '${miniClusterBin}/'"$shim" ||
    refuse internal "the launcher $shim cannot be made"
done
there=$(flux resource list -s all -n -o '{ncores}' 2>/dev/null | tail -n 1)
case $there in
  '' | *[!0-9]*) ;;
  *) [ "$there" -ge ${tasks * cores} ] ||
    refuse resource-invalid "its ${tasks} tasks need ${tasks * cores} cores, and Flux has $there in ${nodes} ${nodes === 1 ? 'pod' : 'pods'}: ask for fewer tasks, or for more nodes" ;;
esac
${
  nodes === 1
    ? ''
    : `flux exec --dir=/ -r all -x 0 /bin/sh '${follower}' wait >'${leadNotes}/waited' 2>&1 || {
  words=$(sed -n 's/^.*refused \\([a-z-]* .*\\)$/\\1/p' '${leadNotes}/waited' | head -n 1)
  [ -z "$words" ] || refuse "\${words%% *}" "in another pod: \${words#* }"
  refuse workload-lost "another pod of the step does not answer: $(tail -n 1 '${leadNotes}/waited')"
}
`
}`;
}

/** After the commands, in the pod of index 0; told their exit code. Brings outputs that only another pod has. */
export function leadAfter(nodes: number): string {
  if (nodes === 1) return 'exit 0\n';
  return `${refuseFunction}
umask 0002
[ "$1" = 0 ] || exit 0
if [ ! -e '${leadNotes}/launched' ]; then
  jobs=$(flux jobs -a -n -o '{id}' 2>/dev/null) && [ -z "$jobs" ] &&
    refuse ranks-misplaced "the step has started nothing by Flux: all of it ran in one of its ${nodes} pods"
fi
${bringFunction(otherPod)}
rank=1
while [ "$rank" -lt ${nodes} ]; do
  story='${leadNotes}/story.'$rank
  flux exec --dir=/ -r "$rank" /bin/sh '${follower}' story "$PWD" >"$story" 2>"$story.words" </dev/null ||
    refuse workload-lost "pod $rank of the step does not answer any more after its commands have succeeded: $(tail -n 1 "$story.words")"
  bring "$story" "$rank"
  rank=$((rank + 1))
done
exit 0
`;
}
