/** What `konverge` ends with; docs/reference/cli.md lists them, and a test holds the two together. */
export const exitCodes = {
  done: { code: 0, meaning: 'Done; for `run`: the workflow succeeded.' },
  failed: { code: 1, meaning: "The workflow failed (Snakemake's own exit code), or a named step did not end well." },
  usage: { code: 2, meaning: 'The command line cannot be read.' },
  refused: { code: 3, meaning: 'konverge could not do it: the message has a code from errors.md and what to do.' },
  incomplete: { code: 4, meaning: '`doctor` found something missing that a run needs.' },
  detached: {
    code: 75,
    meaning: '`run` was asked to go (SIGTERM) and left its steps running; run again to take them up.',
  },
} as const;
