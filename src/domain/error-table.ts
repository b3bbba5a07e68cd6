/**
 * Every error that a person can meet, in one place: its code, what it means and what to do.
 *
 * `docs/reference/errors.md` is this table as a page; a test holds the two together. `httpStatus` is what the API
 * answers with. A code is part of the public contract: add, do not rename.
 */
export interface ErrorEntry {
  readonly meaning: string;
  readonly hint: string;
  readonly httpStatus: number;
}

export const errorTable = {
  'config-invalid': {
    meaning: 'konverge.yaml, or a setting, cannot be read or holds a value that is not allowed.',
    hint: 'Correct the field that the message names; docs/reference/konverge-yaml.md lists them all.',
    httpStatus: 400,
  },
  'request-invalid': {
    meaning: 'A request to the core does not have the shape that the API describes.',
    hint: 'Compare the field that the message names with GET /v1/openapi.json.',
    httpStatus: 400,
  },
  'quantity-invalid': {
    meaning: 'An amount of memory, disk or cpu cannot be read.',
    hint: 'Write a Kubernetes quantity such as 500m, 2 or 8Gi, or for Snakemake mem="8GB" or mem_mb=8000.',
    httpStatus: 422,
  },
  'runtime-invalid': {
    meaning: 'A runtime cannot be read.',
    hint: 'Write minutes as a number, or a string such as "90s", "30m", "1h30m" or "2d".',
    httpStatus: 422,
  },
  'resource-invalid': {
    meaning: 'A resource of a step has a value of the wrong type or out of range.',
    hint: 'Correct the resource in the rule or in konverge.yaml.',
    httpStatus: 422,
  },
  'operator-unknown': {
    meaning: 'kueue_operator names no operator that exists.',
    hint: 'Use job, jobset, mpijob (mpi-operator) or minicluster (flux-operator).',
    httpStatus: 422,
  },
  'operator-unfit': {
    meaning: 'The operator that was asked for cannot serve this step.',
    hint: 'Leave kueue_operator out, and konverge chooses; `konverge explain` shows the reason.',
    httpStatus: 422,
  },
  'kind-unserved': {
    meaning: 'The engine does not serve the workload kind that this step needs.',
    hint: 'Install the operator that the message names, or run the step on another engine.',
    httpStatus: 422,
  },
  'queue-unknown': {
    meaning: 'The queue that the step asks for does not exist.',
    hint: 'Use one of the queues that the message lists; on the local engine define it under local.queues in konverge.yaml, on Kubernetes ask for a LocalQueue.',
    httpStatus: 422,
  },
  'service-unknown': {
    meaning: 'kueue_services names a service that konverge.yaml does not define.',
    hint: 'Define it under `services:` in konverge.yaml.',
    httpStatus: 422,
  },
  'never-fits': {
    meaning: 'The step states a request that is larger than the quota of every queue, so it would wait for ever.',
    hint: 'Ask for less, or have the quota raised: local.queues in konverge.yaml, or the ClusterQueue on Kubernetes.',
    httpStatus: 422,
  },
  'engine-unknown': {
    meaning: 'There is no engine of that name, or this version does not have it.',
    hint: 'Use --kueue-engine local, or `engine: local` in konverge.yaml.',
    httpStatus: 422,
  },
  'container-runtime-missing': {
    meaning: 'The step wants a container, but neither apptainer, podman nor docker works here.',
    hint: 'Install one of them, or set `local: { containers: "off" }` to run on the host.',
    httpStatus: 422,
  },
  'workdir-busy': {
    meaning: 'Another run is attached to this working directory.',
    hint: 'Wait for it, end it, or work in another directory.',
    httpStatus: 409,
  },
  'step-claimed': {
    meaning: 'Two different steps of one run claim the same outputs.',
    hint: 'Give each rule outputs of its own.',
    httpStatus: 409,
  },
  'too-many-steps': {
    meaning: 'More steps wait in the core than it accepts.',
    hint: 'Send the batch again when steps have ended; a lower --jobs avoids this.',
    httpStatus: 429,
  },
  'not-found': {
    meaning: 'There is no such step, session or route.',
    hint: '`konverge status` lists the steps of this directory.',
    httpStatus: 404,
  },
  'not-supported': {
    meaning: 'The engine of this run has no such thing.',
    hint: 'The message says which engine and what; another engine may have it.',
    httpStatus: 422,
  },
  'step-not-waiting': {
    meaning: 'What was asked for can be done only with a step that waits in its queue.',
    hint: '`konverge status` shows where the step is.',
    httpStatus: 409,
  },
  unauthorized: {
    meaning: 'The request carries no token, or a wrong one.',
    hint: 'Send `Authorization: Bearer TOKEN` with the token that the core was started with.',
    httpStatus: 401,
  },
  'core-unreachable': {
    meaning: 'No core runs for this directory, or it does not answer.',
    hint: 'Start a run, or look at .snakemake/konverge/core.log.',
    httpStatus: 503,
  },
  'core-not-startable': {
    meaning: 'The core process could not be started.',
    hint: 'The message has its last words; `konverge doctor` says what is missing.',
    httpStatus: 503,
  },
  'store-failed': {
    meaning: 'The run store (SQLite) cannot be written or read.',
    hint: 'Free disk space or correct the rights of .snakemake/konverge, then run again: nothing that was told is lost.',
    httpStatus: 507,
  },
  'storage-unconfigured': {
    meaning: 'The step needs a store that no run has described since the core was started.',
    hint: 'Run the workflow again with its storage settings; what has finished is kept.',
    httpStatus: 409,
  },
  'storage-denied': {
    meaning: 'The store refuses the request: wrong or expired credentials, or no right to this object.',
    hint: 'Check the credentials of the storage provider and the rights to the object that the message names.',
    httpStatus: 502,
  },
  'storage-unavailable': {
    meaning: 'The store did not answer, or only with errors, until all tries were used up.',
    hint: 'Check the endpoint and the network, then run again; what is done is kept.',
    httpStatus: 502,
  },
  'storage-failed': {
    meaning: 'The store answered a request with an error that trying again does not mend.',
    hint: 'The message has the words of the store.',
    httpStatus: 502,
  },
  'bucket-missing': {
    meaning: 'The bucket does not exist, and could not be made.',
    hint: 'Make the bucket, or correct --default-storage-prefix.',
    httpStatus: 502,
  },
  'object-missing': {
    meaning: 'An input is not in storage (any more).',
    hint: 'Run again: Snakemake then makes the file anew, or names the rule that should.',
    httpStatus: 502,
  },
  'object-changed': {
    meaning: 'An object was replaced by another one while it was read.',
    hint: 'Run again when nobody writes to it.',
    httpStatus: 502,
  },
  'object-ambiguous': {
    meaning: 'A key holds an object and is the prefix of others, so nobody can tell a file from a directory.',
    hint: 'Remove one of the two from storage.',
    httpStatus: 502,
  },
  'upload-missing': {
    meaning: 'An upload that was to be completed is gone: aborted by a rule of the bucket, or by somebody.',
    hint: 'The step is run again; see whether the bucket ends uploads too early.',
    httpStatus: 502,
  },
  'output-missing': {
    meaning: 'The command succeeded, but an output that the rule declares is not there.',
    hint: 'Check that the command writes every file that the rule declares.',
    httpStatus: 422,
  },
  'output-invalid': {
    meaning:
      'An output is there, but not as the rule promises it: empty, of another checksum, a file instead of a directory.',
    hint: 'Correct the command, or what the rule promises.',
    httpStatus: 422,
  },
  'output-stale': {
    meaning:
      'Storage gives an output an older time than one of its inputs, so Snakemake would run the rule again for ever.',
    hint: 'Check the clocks of the storage servers.',
    httpStatus: 502,
  },
  'link-refused': {
    meaning: 'An output is, or contains, a symbolic link that leads out of the step or to nothing.',
    hint: 'Write the file itself, or link to a file within the same output.',
    httpStatus: 422,
  },
  'sources-missing': {
    meaning: "The archive of the workflow's sources is not there (any more).",
    hint: 'Run again; the archive is made anew.',
    httpStatus: 409,
  },
  'agent-lost': {
    meaning: 'The process that moves files ended while it worked for a step.',
    hint: 'Run again; .snakemake/konverge/core.log has its last words.',
    httpStatus: 502,
  },
  'disk-full': {
    meaning: 'There is no space left on the device, or a disk quota is used up.',
    hint: 'Free space and run again; finished steps are kept.',
    httpStatus: 507,
  },
  'cluster-unconfigured': {
    meaning: 'No kubeconfig can be read, or it has no such context.',
    hint: 'Set KUBECONFIG, or kubernetes.kubeconfig and kubernetes.context in konverge.yaml (`konverge doctor` shows what is found); to run steps on this machine, --kueue-engine local.',
    httpStatus: 400,
  },
  'cluster-unreachable': {
    meaning: 'The API server of the cluster does not answer.',
    hint: 'Check the network and the server that the message names; steps that run go on, and are followed again.',
    httpStatus: 503,
  },
  'cluster-denied': {
    meaning: 'The API server does not accept the credentials of the kubeconfig.',
    hint: 'Log in to the cluster again: the token or certificate may have expired.',
    httpStatus: 502,
  },
  'cluster-forbidden': {
    meaning: 'The user of the kubeconfig may not do what konverge needs.',
    hint: 'Ask for the rights that the message names; deploy/rbac has a Role with all of them.',
    httpStatus: 403,
  },
  'cluster-refused': {
    meaning: 'The API server, or an admission webhook, refuses an object.',
    hint: 'The message has its words; `konverge explain` shows the object.',
    httpStatus: 422,
  },
  'cluster-unavailable': {
    meaning:
      'The API server, or an admission webhook behind it, answered only with errors until all tries were used up.',
    hint: 'Ask who runs the cluster, then run again; what is done is kept.',
    httpStatus: 503,
  },
  'crd-missing': {
    meaning: 'The cluster does not serve a kind of object that is needed.',
    hint: 'Install what the message names; Kueue 0.19 is needed in any case.',
    httpStatus: 422,
  },
  'queue-stopped': {
    meaning: 'The queue exists, but admits nothing: it is stopped, or something that it needs is missing.',
    hint: 'Ask who runs the queue, or use another one.',
    httpStatus: 422,
  },
  'workload-lost': {
    meaning: 'What ran a step is gone, through no fault of its own: its node, its pod, or its object in the cluster.',
    hint: 'It is run again by itself up to three times; look at the node or the events that the message names.',
    httpStatus: 502,
  },
  'image-missing': {
    meaning: 'A step has no image to run in on Kubernetes.',
    hint: 'Give the rule a `container:`, or set images.default in konverge.yaml or --kueue-container.',
    httpStatus: 422,
  },
  'image-unfit': {
    meaning: 'The image of a step lacks a program that a step of its kind needs.',
    hint: 'Install what the message names in the image, or use another one.',
    httpStatus: 422,
  },
  'ranks-misplaced': {
    meaning: 'An MPI launcher started no rank in one of the pods of its step.',
    hint: 'Start as many ranks as the resource `tasks` says, with an MPI that reads host files from its environment (Open MPI 4 or 5, MPICH, Intel MPI), and do not overrule them in the command.',
    httpStatus: 422,
  },
  'storage-needed': {
    meaning: 'The step needs files that its pod cannot see.',
    hint: 'Use --default-storage-provider s3 --default-storage-prefix s3://bucket/prefix, or mount the directory by kubernetes.volumes in konverge.yaml.',
    httpStatus: 422,
  },
  internal: {
    meaning: 'A fault of konverge itself.',
    hint: 'Please report it with .snakemake/konverge/core.log.',
    httpStatus: 500,
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
