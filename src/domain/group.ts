/**
 * One step of a group. Members of a group share one working directory, so that what one makes and another needs never
 * leaves it.
 */
export interface GroupMember {
  /** For people: the rule with its wildcards. */
  readonly name: string;
  readonly shell: string;
  /** Run one after another by `shell -c`. */
  readonly commands: readonly string[];
  /** Added to the group's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** How many cpus it counts as, among the members of its level. */
  readonly threads: number;
  /** Snakemake's touch() outputs: made after its commands, for a later level may need them. */
  readonly touch: readonly string[];
  /** Made empty if the commands wrote none. */
  readonly logs: readonly string[];
  /** Named pipes that it writes: made before its level begins. */
  readonly pipes: readonly string[];
  /** A service: runs while its level runs, and is ended with it. Its files are waited for before the others begin. */
  readonly service: boolean;
  /** What a service must have made before those who need it may begin. */
  readonly ready: readonly string[];
}
