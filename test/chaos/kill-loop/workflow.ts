/**
 * The workflow of the kill loop: a fan-out of short and longer steps, one large output of several parts, a directory, a
 * temporary file, a group, a checkpoint, a step with several outputs and one that runs through Snakemake. Its outputs are the same in each run; who ran is
 * told in a file outside of storage, named by KILL_LOOP_LOG.
 */
export const snakefile = `
from pathlib import Path

envvars:
    "KILL_LOOP_LOG"

def parts_of(wildcards):
    listing = checkpoints.split.get().output[0]
    with listing.open() as lines:
        return expand("part/{n}.txt", n=[line.strip() for line in lines])

rule all:
    input:
        "done/many.txt",
        "done/tree.txt",
        "done/parts.txt",
        "done/group.txt",
        "done/large.txt",
        "done/run.txt",

rule one:
    output: "one/{i}.txt"
    log: "log/{i}.log"
    shell: "echo one.{wildcards.i} >> $KILL_LOOP_LOG; sleep 0.$(( {wildcards.i} % 4 )); echo {wildcards.i} > {output}; echo done > {log}"

rule many:
    input: expand("one/{i}.txt", i=range(6))
    output: "done/many.txt", "done/twin.txt"
    shell: "echo many >> $KILL_LOOP_LOG; cat {input} | tee {output[1]} > {output[0]}"

rule tree:
    output: directory("tree")
    shell: "echo tree >> $KILL_LOOP_LOG; mkdir -p {output}/deep; for i in 1 2 3 4 5; do echo $i > {output}/deep/$i; done; sleep 0.1"

rule count:
    input: "tree"
    output: "done/tree.txt"
    shell: "echo count >> $KILL_LOOP_LOG; find {input} -type f -name '[0-9]' | wc -l > {output}"

checkpoint split:
    output: "split.txt"
    shell: "echo split >> $KILL_LOOP_LOG; printf '1\\n2\\n3\\n' > {output}"

rule part:
    input: "split.txt"
    output: temp("part/{n}.txt")
    shell: "echo part.{wildcards.n} >> $KILL_LOOP_LOG; sleep 0.1; echo part {wildcards.n} > {output}"

rule parts:
    input: parts_of
    output: "done/parts.txt"
    shell: "echo parts >> $KILL_LOOP_LOG; cat {input} > {output}"

rule first:
    output: temp("group/first.txt")
    group: "pair"
    shell: "echo first >> $KILL_LOOP_LOG; echo 1 > {output}"

rule second:
    input: "group/first.txt"
    output: "done/group.txt"
    group: "pair"
    shell: "echo second >> $KILL_LOOP_LOG; sleep 0.2; cat {input} {input} > {output}"

rule large:
    output: "large.bin"
    shell: "echo large >> $KILL_LOOP_LOG; seq 3500000 > {output}"

rule through_snakemake:
    input: "split.txt"
    output: "done/run.txt"
    run:
        import os
        with open(os.environ["KILL_LOOP_LOG"], "a") as log:
            log.write("through_snakemake\\n")
        Path(output[0]).write_text(Path(input[0]).read_text() * 2)

rule size:
    input: "large.bin"
    output: "done/large.txt"
    shell: "echo size >> $KILL_LOOP_LOG; wc -c < {input} > {output}"
`;
