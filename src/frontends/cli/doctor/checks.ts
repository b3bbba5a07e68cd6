import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CliContext } from '../context.ts';
import type { Finding } from './finding.ts';

const run = promisify(execFile);

interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly needed: boolean;
  readonly purpose: string;
  readonly remedy: string;
}

const programs: readonly Program[] = [
  {
    name: 'snakemake',
    command: ['snakemake', '--version'],
    needed: true,
    purpose: 'runs the workflow',
    remedy: 'pip install "snakemake>=9.25,<10"',
  },
  {
    name: 'sh',
    command: ['sh', '-c', 'echo found'],
    needed: true,
    purpose: 'runs every step',
    remedy: 'apt install dash',
  },
  {
    name: 'bash',
    command: ['bash', '-c', 'echo $BASH_VERSION'],
    needed: false,
    purpose: "Snakemake's default shell",
    remedy: 'apt install bash',
  },
  {
    name: 'mpirun',
    command: ['mpirun', '--version'],
    needed: false,
    purpose: 'MPI steps',
    remedy: 'apt install openmpi-bin, or what your code was built with',
  },
  {
    name: 'apptainer',
    command: ['apptainer', '--version'],
    needed: false,
    purpose: "a step's container",
    remedy: 'see apptainer.org, or use podman',
  },
  {
    name: 'podman',
    command: ['podman', '--version'],
    needed: false,
    purpose: "a step's container",
    remedy: 'apt install podman',
  },
  {
    name: 'docker',
    command: ['docker', 'info', '--format', '{{.ServerVersion}}'],
    needed: false,
    purpose: "a step's container",
    remedy: 'apt install docker.io',
  },
];

/** Looks for what a run needs, side by side; touches nothing. */
export async function findPrograms(context: CliContext): Promise<Finding[]> {
  return Promise.all(programs.map((program) => findProgram(context, program)));
}

async function findProgram(context: CliContext, program: Program): Promise<Finding> {
  const [file, ...args] = program.command;
  try {
    const { stdout, stderr } = await run(file, args, { timeout: 30_000, env: { ...context.env } });
    const [first = ''] = `${stdout}${stderr}`.trim().split('\n');
    return { name: program.name, status: 'ok', detail: first, remedy: '' };
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const detail = absent
      ? `not installed; for ${program.purpose}`
      : `does not work: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`;
    return { name: program.name, status: program.needed ? 'missing' : 'optional', detail, remedy: program.remedy };
  }
}

/** Whether Snakemake finds the plugin: it lists the settings of every executor plugin in its help. */
export async function findPlugin(context: CliContext): Promise<Finding> {
  const name = 'snakemake-executor-plugin-kueue';
  const remedy = `pip install ${name} into the environment of snakemake`;
  try {
    const { stdout } = await run('snakemake', ['--help'], {
      timeout: 60_000,
      maxBuffer: 16 * 2 ** 20,
      env: { ...context.env },
    });
    if (stdout.includes('--kueue-engine')) return { name, status: 'ok', detail: 'found by snakemake', remedy: '' };
    return { name, status: 'missing', detail: 'snakemake does not know --kueue-engine', remedy };
  } catch (error) {
    return {
      name,
      status: 'missing',
      detail: `snakemake --help failed: ${(error as Error).message.split('\n')[0] ?? ''}`,
      remedy,
    };
  }
}
