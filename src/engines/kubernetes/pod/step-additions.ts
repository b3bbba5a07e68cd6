/** What a kind gives the step's container besides its commands, by the step's Secret. */
export interface StepAdditions {
  /** Variables; they win over the step's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Key of the Secret, and file beside the commands, to its text. */
  readonly files: Readonly<Record<string, string>>;
}

export const noAdditions: StepAdditions = { env: {}, files: {} };
