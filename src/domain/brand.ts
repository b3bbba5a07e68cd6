/** A nominal type: a `Brand<string, 'StepId'>` is a string that only the parser of step ids hands out. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** One record of a step in the run store: `<key prefix>-a<attempt>-g<generation>`. Names the step's folder too. */
export type StepId = Brand<string, 'StepId'>;

/** What stays the same when a step comes again: work directory, rule and outputs (see identity.ts). */
export type StepKey = Brand<string, 'StepKey'>;

/** What must be equal for a running step to be adopted: command, image, resources and inputs (see identity.ts). */
export type RequestHash = Brand<string, 'RequestHash'>;

/** One attached front end, such as one `snakemake` process. */
export type SessionId = Brand<string, 'SessionId'>;
