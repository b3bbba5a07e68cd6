/**
 * What only Snakemake's own output says of a workflow: how many jobs each rule has, and which jobs it finished itself
 * (local rules, such as `all`, never reach the core).
 *
 *     Job stats:
 *     job       count
 *     ------  -------
 *     all           1
 *     total         1
 *     …
 *     Finished jobid: 0 (Rule: all)
 *
 * Feed it line by line. After a checkpoint Snakemake makes more jobs without a new table, so a rule may have more jobs than
 * were announced.
 */
export class WorkflowFacts {
  readonly announced = new Map<string, number>();
  readonly finished = new Map<string, number>();
  #inTable = false;

  feed(line: string): void {
    const [, finishedRule] = /^Finished jobid: \d+ \(Rule: (.+)\)$/.exec(line) ?? [];
    if (finishedRule !== undefined) {
      this.finished.set(finishedRule, (this.finished.get(finishedRule) ?? 0) + 1);
      return;
    }
    if (line.startsWith('Job stats:')) {
      this.#inTable = true;
      return;
    }
    if (!this.#inTable || /^(job\s+count|-+\s+-+)\s*$/.test(line)) return;
    const [, rule, count] = /^(\S+)\s+(\d+)\s*$/.exec(line) ?? [];
    if (rule === undefined || rule === 'total') {
      this.#inTable = false;
      return;
    }
    this.announced.set(rule, Math.max(this.announced.get(rule) ?? 0, Number(count)));
  }
}
