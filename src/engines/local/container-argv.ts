/** What is to run in a container, for any of the three runtimes. */
export interface ContainerCall {
  readonly image: string;
  /** Of the container, so that it can be ended by it. */
  readonly name: string;
  readonly cwd: string;
  /** Directories that are there at the same path inside. */
  readonly binds: readonly string[];
  /** Names only: the runtime's client takes the values from its own environment, so they are in no argv and no file. */
  readonly envNames: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly gpus: readonly number[];
  /** Kept by the runtime: its containers are in control groups of its own. */
  readonly memoryBytes?: number;
  /** The container's command, which replaces the image's entrypoint. */
  readonly argv: readonly [string, ...string[]];
}

export const containerRuntimeNames = ['apptainer', 'podman', 'docker'] as const;
export type ContainerRuntimeName = (typeof containerRuntimeNames)[number];

export function buildContainerArgv(runtime: ContainerRuntimeName, call: ContainerCall): string[] {
  switch (runtime) {
    case 'apptainer':
      return apptainerArgv(call);
    case 'podman':
      return podmanArgv(call);
    case 'docker':
      return dockerArgv(call);
  }
}

/** A process of ours with the host's network, user and environment; `exec` runs no entrypoint. */
function apptainerArgv({ image, cwd, binds, gpus, argv }: ContainerCall): string[] {
  const mounts = binds.flatMap((path) => ['--bind', `${path}:${path}`]);
  const isFile = image.startsWith('/') || image.startsWith('.') || image.includes('://');
  return [
    'apptainer',
    '--silent',
    'exec',
    '--pwd',
    cwd,
    ...mounts,
    ...(gpus.length > 0 ? ['--nv'] : []),
    isFile ? image : `docker://${image}`,
    ...argv,
  ];
}

function podmanArgv(call: ContainerCall): string[] {
  // Rootless podman maps the caller to root inside unless told to keep the id.
  const user = call.uid === 0 ? ['--user', '0:0'] : ['--userns', 'keep-id', '--user', `${call.uid}:${call.gid}`];
  const gpus = call.gpus.map((index) => ['--device', `nvidia.com/gpu=${index}`]).flat();
  return ['podman', 'run', ...dockerLike(call), ...user, ...gpus, ...entry(call)];
}

function dockerArgv(call: ContainerCall): string[] {
  const gpus = call.gpus.length > 0 ? ['--gpus', `"device=${call.gpus.join(',')}"`] : [];
  // --init: a process 1 that hands signals on. Podman has it only where catatonit is installed.
  return ['docker', 'run', '--init', ...dockerLike(call), '--user', `${call.uid}:${call.gid}`, ...gpus, ...entry(call)];
}

function dockerLike({ name, cwd, binds, envNames, memoryBytes }: ContainerCall): string[] {
  return [
    '--rm',
    '--name',
    name,
    '--network',
    'host',
    '--workdir',
    cwd,
    ...binds.flatMap((path) => ['--volume', `${path}:${path}`]),
    ...envNames.flatMap((variable) => ['--env', variable]),
    ...(memoryBytes === undefined ? [] : ['--memory', `${memoryBytes}b`]),
  ];
}

function entry({ image, argv: [program, ...args] }: ContainerCall): string[] {
  return ['--entrypoint', program, image, ...args];
}

/** Directories without those that lie in another one of them. */
export function outermost(directories: readonly string[]): string[] {
  const distinct = [...new Set(directories)].sort();
  return distinct.filter((path) => !distinct.some((other) => other !== path && path.startsWith(`${other}/`)));
}

/** For a shell. */
export function quote(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
