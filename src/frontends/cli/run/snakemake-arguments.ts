/** What `konverge run` adds to the flags of a person, and what it found in them. Pure. */
export interface SnakemakeArguments {
  readonly argv: readonly string[];
  /** Snakemake's `--directory`, where its working directory is not ours. */
  readonly directory?: string;
  /** `--kueue-config`, as it was given: the core must read the same file. */
  readonly config?: string;
  /** Nothing is run: a dry run, a lint, a list, `--help`. No core and no table then. */
  readonly inspectsOnly: boolean;
  /** Of these, just a dry run. */
  readonly isDryRun: boolean;
  /** One line for each thing that was added, to be shown. */
  readonly added: readonly string[];
}

/** Flags with which Snakemake looks at a workflow, or mends its records, and runs none of it. */
const inspecting =
  `-n --dry-run --dryrun --lint --dag --rulegraph --filegraph --d3dag --summary -S --detailed-summary -D
  --list -l --list-rules --list-target-rules --lt --list-input-changes --list-params-changes --list-code-changes --help -h --version -v
  --unlock --touch -t --cleanup-metadata --cm --cleanup-shadow --delete-all-output --delete-temp-output --archive
  --report --export-cwl --generate-unit-tests --containerize --conda-create-envs-only --conda-cleanup-envs --list-conda-envs
  --list-changes --lc --print-compilation --bash-completion`.split(/\s+/);

const dryRunning: readonly string[] = ['-n', '--dry-run', '--dryrun'];

const jobsPerCpu = 4;
/** So many may wait in the queues of a cluster at once. */
const jobsOnCluster = 500;

export function snakemakeArguments(
  given: readonly string[],
  defaults: { readonly engine: string; readonly engineFrom: string; readonly cpus: number; readonly config?: string },
): SnakemakeArguments {
  const directory = valueOf(given, '--directory', '-d');
  const config = valueOf(given, '--kueue-config');
  const inspections = given.filter((word) => inspecting.includes(word.split('=')[0] ?? word));
  const inspectsOnly = inspections.length > 0;
  const argv = [...given];
  const added: string[] = [];
  if (!has(given, '--executor', '-e')) argv.push('--executor', 'kueue');
  if (!has(given, '--kueue-engine')) {
    argv.push('--kueue-engine', defaults.engine);
    added.push(`engine ${defaults.engine} (${defaults.engineFrom})`);
  }
  if (!has(given, '--jobs', '-j') && !has(given, '--profile', '--workflow-profile')) {
    // More than can run at once: the queue keeps to what there is, and never waits for Snakemake's scheduler to fill it.
    const onCluster = (valueOf(given, '--kueue-engine') ?? defaults.engine) === 'kubernetes';
    const jobs = onCluster ? jobsOnCluster : defaults.cpus * jobsPerCpu;
    argv.push('--jobs', String(jobs));
    const why = onCluster
      ? 'the queues keep to their quotas'
      : `${jobsPerCpu} for each cpu; the queue keeps to the cpus`;
    added.push(`--jobs ${jobs} (${why})`);
  }
  // What a killed run left unfinished is taken up or done again: no ritual for the user.
  if (!inspectsOnly && !has(given, '--rerun-incomplete', '--ri', '--ignore-incomplete', '--ii'))
    argv.push('--rerun-incomplete');
  return {
    argv,
    ...(directory !== undefined && { directory }),
    ...(config !== undefined && { config }),
    inspectsOnly,
    isDryRun: inspectsOnly && inspections.every((word) => dryRunning.includes(word)),
    added,
  };
}

/** The same arguments for a Snakemake that would run. */
export function withoutDryRun(argv: readonly string[]): readonly string[] {
  return argv.filter((word) => !dryRunning.includes(word));
}

function has(argv: readonly string[], ...names: readonly string[]): boolean {
  return argv.some((word) =>
    names.some(
      (name) =>
        word === name || word.startsWith(`${name}=`) || (/^-\w$/.test(name) && new RegExp(`^${name}\\d+$`).test(word)),
    ),
  );
}

function valueOf(argv: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    if (names.includes(word)) return argv[index + 1];
    const name = names.find((one) => word.startsWith(`${one}=`));
    if (name) return word.slice(name.length + 1);
  }
  return undefined;
}
