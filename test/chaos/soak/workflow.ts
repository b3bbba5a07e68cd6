import { createHash } from 'node:crypto';

/** Steps that run at once, and how many follow each other. */
export const lanes = 6;
export const links = 8;
/** Larger than one part of an upload. */
const largeLines = 1_500_000;

/**
 * The workflow of the soak, one round of it: chains of short steps, each of which reads what the one before it has written, and one
 * large output of several parts. What comes out depends on the round alone. Each pod has been seen where it says so in its log.
 */
export const snakefile = `
ROUND = config["round"]

rule all:
    input:
        expand("round-{r}/link/{lane}.${links - 1}.txt", r=ROUND, lane=range(${lanes})),
        f"round-{ROUND}/large.txt",

rule first:
    output: "round-{r}/link/{lane}.0.txt"
    log: "round-{r}/log/{lane}.0.log"
    shell: "echo $HOSTNAME > {log}; sleep $(( {wildcards.lane} % 3 )); echo {wildcards.r} {wildcards.lane} 0 > {output}"

def before(wildcards):
    return f"round-{wildcards.r}/link/{wildcards.lane}.{int(wildcards.n) - 1}.txt"

rule link:
    input: before
    output: "round-{r}/link/{lane}.{n,[1-9][0-9]*}.txt"
    log: "round-{r}/log/{lane}.{n}.log"
    shell:
        "echo $HOSTNAME > {log}; sleep $(( ({wildcards.lane} + {wildcards.n}) % 4 )); "
        "(cat {input}; echo {wildcards.r} {wildcards.lane} {wildcards.n}) > {output}"

rule large:
    input: "round-{r}/link/0.0.txt"
    output: "round-{r}/large.txt"
    shell: "(cat {input}; seq ${largeLines}) > {output}"
`;

/** SHA-256 of each output of a round by its name; logs name pods, and are left out. */
export function expectedOf(round: number): Readonly<Record<string, string>> {
  const expected: Record<string, string> = {};
  for (let lane = 0; lane < lanes; lane += 1) {
    let text = '';
    for (let link = 0; link < links; link += 1) {
      text += `${round} ${lane} ${link}\n`;
      expected[`round-${round}/link/${lane}.${link}.txt`] = digest(text);
    }
  }
  const numbers = Array.from({ length: largeLines }, (_, index) => `${index + 1}\n`).join('');
  expected[`round-${round}/large.txt`] = digest(`${round} 0 0\n${numbers}`);
  return expected;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
