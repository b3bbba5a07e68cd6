import { podLayout } from '../../../../domain/pod-layout.ts';
import { mpiHostsKey, srunKey } from '../../pod/mpi-place.ts';
import { mpiPodVariables } from '../../pod/mpi-variables.ts';

/** Keys of the step's Secret. */
export const mpiFiles = {
  /** A host and the number of its ranks a line, as Open MPI has it, and as Hydra does, which MPICH and Intel have. */
  openMpiHosts: mpiHostsKey,
  hydraHosts: 'hosts.hydra',
  /** The other pods' hosts alone. */
  workers: 'hosts.workers',
  /** Declared outputs, a path a line. */
  outputs: 'outputs',
  passwd: 'passwd',
  rankBefore: 'rank-before.sh',
  rank: 'rank.sh',
  session: 'session.sh',
  srun: srunKey,
  /** What runs each rank where the MPI has a place for that; it leaves a line in `ranks`. */
  rankNote: 'rank-note.sh',
} as const;

/** Where the operator is to mount its keys. */
export const sshKeys = '/konverge-ssh';

const { commands } = podLayout;

/**
 * What the launchers of the MPIs read, so that they find the other pods. The operator sets some of them too, for the one
 * implementation that it is told of; which one an image has only the image knows.
 */
export function mpiVariables(tasksPerNode: number): Readonly<Record<string, string>> {
  const hydra = `${commands}/${mpiFiles.hydraHosts}`;
  const noted = `/bin/sh ${commands}/${mpiFiles.rankNote}`;
  return {
    ...mpiPodVariables,
    // Open MPI 4 (ORTE).
    OMPI_MCA_orte_keep_fqdn_hostnames: 'true',
    OMPI_MCA_plm_rsh_agent: 'ssh',
    // All from the launcher: only there is an ssh that knows the pods.
    OMPI_MCA_plm_rsh_no_tree_spawn: '1',
    OMPI_MCA_orte_fork_agent: noted,
    // Open MPI 5 (PRRTE).
    PRTE_MCA_prte_keep_fqdn_hostnames: 'true',
    PRTE_MCA_plm_ssh_agent: 'ssh',
    PRTE_MCA_plm_ssh_no_tree_spawn: '1',
    PRTE_MCA_odls_base_exec_agent: noted,
    // MPICH.
    HYDRA_HOST_FILE: hydra,
    HYDRA_LAUNCHER: 'ssh',
    // Intel MPI.
    I_MPI_HYDRA_HOST_FILE: hydra,
    I_MPI_HYDRA_BOOTSTRAP: 'ssh',
    I_MPI_PERHOST: String(tasksPerNode),
  };
}

/** `runAs` of the pods, root where an sshd of root's separates its privileges to another user, and nobody. */
export function passwdFile({ uid, gid }: { readonly uid: number; readonly gid: number }): string {
  const { home } = podLayout;
  const own = uid === 0 ? [] : [`konverge:x:${uid}:${gid}:konverge:${home}:/bin/sh`];
  const lines = [
    `root:x:0:0:root:${uid === 0 ? home : '/root'}:/bin/sh`,
    ...own,
    'sshd:x:74:65534:sshd:/run/sshd:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ];
  return `${lines.join('\n')}\n`;
}
