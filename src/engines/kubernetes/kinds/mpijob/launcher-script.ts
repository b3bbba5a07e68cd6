import { podLayout } from '../../../../domain/pod-layout.ts';
import { bringFunction, type OtherPod } from '../../pod/bring-outputs.ts';
import { shellWord } from '../../pod/environment.ts';
import { refuseFunction } from '../../pod/hook-functions.ts';
import { mpiBin, mpiFolder } from '../../pod/mpi-place.ts';
import { launcherProgram, srunStandIn } from '../../pod/srun-script.ts';
import { mpiFiles, sshKeys } from './environment.ts';

/** The port of our sshd: one that needs no rights. */
export const sshPort = 2222;

/**
 * For how long a host may be silent: it pulls its image and brings its inputs meanwhile, and has no name before. What is wrong with its
 * pod the engine sees. An answer that is none ends it sooner.
 */
const silenceSeconds = 3600;
const answerSeconds = 60;

const workersFile = `${podLayout.commands}/${mpiFiles.workers}`;

/** Calls "$2" for each worker at once, with its number and host; what it prints is in "$1".NUMBER. 1 if one of them failed. */
const eachFunction = `each() {
  each_number=0 each_failed=0 each_children=
  while read -r each_host; do
    "$2" "$each_number" "$each_host" </dev/null >"$1.$each_number" 2>&1 &
    each_children="$each_children $!" each_number=$((each_number + 1))
  done <'${workersFile}'
  for each_child in $each_children; do wait "$each_child" || each_failed=1; done
  return "$each_failed"
}`;

const otherPod: OtherPod = {
  fetch: `'${mpiBin}/ssh' "$2" konverge-fetch`,
  name: 'the pod of $2',
  leader: "the launcher's pod",
  leave: 'leave',
};

/**
 * Before the commands, in the launcher's pod: sees that the image has what it needs, makes an ssh that knows the other pods, and
 * waits until each of them answers. `launcher`: what stands in resources.mpi.
 */
export function launcherBefore(launcher: string): string {
  const program = launcherProgram({ command: launcher });
  return `${refuseFunction}
${eachFunction}
umask 077
mkdir -p '${mpiBin}'
${program === 'srun' ? srunStandIn : ''}command -v ${shellWord(program)} >/dev/null 2>&1 ||
  refuse image-unfit ${shellWord(`the image has no ${program}, which starts the step: install it in the image, or say another launcher by the resource mpi`)}
[ -s '${workersFile}' ] || exit 0
# Ours comes first on the path.
PATH=\${PATH#'${mpiBin}':}
konverge_ssh=$(command -v ssh) ||
  refuse image-unfit 'the image has no ssh, by which the launcher starts ranks in other pods: install openssh-client and openssh-server in the image'
cat '${sshKeys}/id_rsa' >'${mpiFolder}/id' || refuse internal 'the keys of the MPI Operator are not there'
# All pods have the same key.
printf '* %s\\n' "$(cat '${sshKeys}/id_rsa.pub')" >'${mpiFolder}/known_hosts'
cat >'${mpiFolder}/ssh_config' <<'end'
Host *
  Port ${sshPort}
  IdentityFile ${mpiFolder}/id
  IdentitiesOnly yes
  UserKnownHostsFile ${mpiFolder}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 5
  ServerAliveInterval 15
  ForwardX11 no
  LogLevel ERROR
end
own=$(cat /proc/sys/kernel/hostname)
cat >'${mpiBin}/ssh' <<end
#!/bin/sh
# A launcher may start ranks of its own host by ssh too: no sshd is needed for that.
here() {
  while [ "\\$#" -gt 0 ]; do
    case \\$1 in
      -[bcDEeFIiJLlmOopQRSWw]) shift 2 ;;
      -*) shift ;;
      *) break ;;
    esac
  done
  case \\$1 in
    $own | $own.* | localhost) shift; exec /bin/sh -c "\\$*" ;;
  esac
}
here "\\$@"
exec '$konverge_ssh' -F '${mpiFolder}/ssh_config' "\\$@"
end
chmod 700 '${mpiBin}/ssh'
now() { read -r now_seconds now_rest </proc/uptime; echo "\${now_seconds%.*}"; }
begun=$(now)
greet() {
  answered=
  until words=$('${mpiBin}/ssh' "$2" "konverge-begin $KONVERGE_POD_UID $own" 2>&1); do
    case $words in
      *resolve* | *refused* | *'timed out'* | *'No route'* | '') deadline=$((begun + ${silenceSeconds})) ;;
      *) answered=\${answered:-$(now)} deadline=$((answered + ${answerSeconds})) ;;
    esac
    [ "$(now)" -lt "$deadline" ] || { printf '%s\n' "$words" | tail -n 1; return 1; }
    sleep 0.1
  done
  echo answered
}
each '${mpiFolder}/greeting' greet && exit 0
number=0
while read -r host; do
  words=$(tail -n 1 '${mpiFolder}/greeting.'"$number")
  [ "$words" = answered ] ||
    refuse workload-lost "host $host does not answer by ssh as it should: $words"
  number=$((number + 1))
done <'${workersFile}'
`;
}

/**
 * After the commands, in the launcher's pod; told their exit code. Sees that the ranks were where they belong, brings outputs that only
 * another pod has, and lets the others end.
 */
export const launcherAfter = `${refuseFunction}
${eachFunction}
[ -s '${workersFile}' ] || exit 0
umask 0002
code=$1
ask() { '${mpiBin}/ssh' "$2" konverge-story; }
farewell() { '${mpiBin}/ssh' "$2" konverge-end; }
leave() { each '${mpiFolder}/farewell' farewell; }
each '${mpiFolder}/story' ask || {
  leave
  [ "$code" = 0 ] || exit 0
  refuse workload-lost 'a pod of the step does not answer any more after its commands have succeeded'
}
[ "$code" = 0 ] || { leave; exit 0; }
# Open MPI has a daemon in each pod, with or without ranks, and each rank notes itself, rank 0 here. Others come only with ranks.
sign=reached number=0 idle= busy=
[ ! -e '${mpiFolder}/ranks' ] || sign=used
while read -r host; do
  if grep -qx "$sign" '${mpiFolder}/story.'"$number"; then busy=1; else idle="$idle\${idle:+, }worker-$number"; fi
  number=$((number + 1))
done <'${workersFile}'
if [ -n "$idle" ]; then
  leave
  [ -n "$busy" ] || refuse ranks-misplaced "the launcher has used none of the step's other pods: all of its ranks ran in one"
  refuse ranks-misplaced "no rank ran in $idle: the command has to start as many ranks as its resource tasks says, and in all pods of the step"
fi
${bringFunction(otherPod)}
number=0
while read -r host <&3; do
  bring '${mpiFolder}/story.'"$number" "$host"
  number=$((number + 1))
done 3<'${workersFile}'
leave
exit 0
`;
