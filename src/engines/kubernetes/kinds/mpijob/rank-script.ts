import { podLayout } from '../../../../domain/pod-layout.ts';
import { refuseFunction } from '../../pod/hook-functions.ts';
import { mpiFolder } from '../../pod/mpi-place.ts';
import { mpiFiles, sshKeys } from './environment.ts';
import { sshPort } from './launcher-script.ts';

const { commands } = podLayout;

/** In a pod of other ranks, before it listens: an sshd that takes the operator's key alone, for one user, and runs our session. */
export const rankBefore = `${refuseFunction}
umask 077
mkdir -p '${mpiFolder}'
sshd=
for place in "$(command -v sshd)" /usr/sbin/sshd /usr/local/sbin/sshd /sbin/sshd; do
  [ ! -x "$place" ] || { sshd=$place; break; }
done
[ -n "$sshd" ] ||
  refuse image-unfit 'the image has no sshd, by which the launcher starts ranks in other pods: install openssh-client and openssh-server in the image'
cat '${sshKeys}/id_rsa' >'${mpiFolder}/host_key' || refuse internal 'the keys of the MPI Operator are not there'
cat >'${mpiFolder}/sshd_config' <<'end'
Port ${sshPort}
HostKey ${mpiFolder}/host_key
PidFile none
AuthorizedKeysFile ${sshKeys}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
# The keys belong to root, with rights for a group.
StrictModes no
UsePAM no
UseDNS no
AllowTcpForwarding no
X11Forwarding no
MaxStartups 1000
MaxSessions 1000
LogLevel ERROR
ForceCommand /bin/sh ${commands}/${mpiFiles.session}
end
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
words=$("$sshd" -t -f '${mpiFolder}/sshd_config' 2>&1) ||
  refuse image-unfit "the sshd of the image cannot be used by user $(id -u): $words"
printf '%s\\n' "$sshd" >'${mpiFolder}/sshd'
# What the container and the step have set: a session knows nothing of it.
export -p >'${mpiFolder}/environment'
pwd >'${mpiFolder}/workdir'
`;

/**
 * In a pod of other ranks, in place of the step's commands: listens until the launcher says that all is over. A rank that the kernel
 * has killed for want of memory is said by the exit code: of a process that is not the first one, the pod's status may not tell.
 */
export const rankServe = `umask 077
"$(cat '${mpiFolder}/sshd')" -D -e -f '${mpiFolder}/sshd_config' &
echo "$!" >'${mpiFolder}/pid'
wait "$!"
code=$?
for events in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  if grep -q '^oom_kill [1-9]' "$events" 2>/dev/null; then exit 137; fi
done
exit "$code"
`;

/** Between the daemons of Open MPI and each rank: that there was one. What it runs takes its place. */
export const rankNote = `{ echo >>'${mpiFolder}/ranks'; } 2>/dev/null
exec "$@"
`;

/** What every ssh session in a pod of other ranks runs: a word of ours, or what the launcher of the MPI starts there. */
export const rankSession = `cd "$(cat '${mpiFolder}/workdir')" || exit 1
umask 0002
case $SSH_ORIGINAL_COMMAND in
  'konverge-begin '*)
    set -- $SSH_ORIGINAL_COMMAND
    # One launcher only: of a twin that still runs somewhere the files here are not.
    if [ -e '${mpiFolder}/launcher' ]; then
      read -r served <'${mpiFolder}/launcher'
      [ "$served" = "$2" ] || { echo 'it serves another launcher'; exit 1; }
    fi
    # Ranks call the launcher by its name; the short one the operator makes known, where the cluster's domain is the usual one.
    if command -v getent >/dev/null 2>&1; then
      getent hosts "$3" >/dev/null || getent hosts "$3.\${3%-launcher}" >/dev/null || { echo "it does not know the host $3 yet"; exit 1; }
    fi
    echo "$2" >'${mpiFolder}/launcher' ;;
  konverge-story)
    [ ! -e '${mpiFolder}/sessions' ] || echo reached
    [ ! -e '${mpiFolder}/ranks' ] || echo used
    while read -r path; do
      if [ -d "$path" ]; then echo "directory $path"; elif [ -e "$path" ]; then echo "file $path"; fi
    done <'${commands}/${mpiFiles.outputs}' ;;
  konverge-fetch)
    command -v tar >/dev/null 2>&1 || { echo 'the image has no tar' >&2; exit 1; }
    tar -c -f - -T - ;;
  konverge-end)
    kill "$(cat '${mpiFolder}/pid')" ;;
  '')
    echo 'konverge: no interactive session here' >&2
    exit 1 ;;
  *)
    echo >>'${mpiFolder}/sessions'
    . '${mpiFolder}/environment'
    cd "$(cat '${mpiFolder}/workdir')"
    exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;;
esac
`;
