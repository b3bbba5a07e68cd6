"""One workflow that has most features of the language, each in rules of its own; test_features.py looks at its runs."""

SNAKEFILE = r"""
configfile: "config.yaml"
word = "main"
include: "rules/included.smk"
module other:
    snakefile: "rules/other.smk"
    config: config
use rule * from other as other_*
localrules: at_home
wildcard_constraints: letter="[ab]"
scattergather: pieces=2

targets = [
    "base.txt", "changed.txt", "module.txt", "included.txt", "at_home.txt", "multi/a.txt", "multi/a.tsv", "named/a.one",
    "named/a.two", "ancient.txt", "unpacked/a.txt", "late.txt", "of_input.txt", "resources/a.txt", "resources/b.txt",
    "tries.txt", "urgent.txt", "touched.done", "protected.txt", "of_temp.txt", "with_unneeded.txt",
    "listing.txt", "ensured.txt", "checked.txt", "updated.txt", "checkpointed.txt", "py.txt", "sh.txt", "run.txt",
    "contained.txt", "in_conda.txt", "in_modules.txt", "reported.txt", "template.txt", "gathered.txt", "norun.txt",
    "measured.txt", "measured2.txt", "shadow/minimal.txt", "shadow/copy-minimal.txt", "shadow/shallow.txt",
    "shadow/full.txt", "odd/odd na me&%+ü.txt", "logged.txt", "set.txt", "branched.txt",
]
rule all:
    default_target: True
    input: targets

rule base:
    output: "base.txt"
    params: word="base"
    shell: "echo {params.word} > {output}"
use rule base as changed with:
    output: "changed.txt"
    params: word="changed"
rule at_home:
    output: "at_home.txt"
    shell: "echo at home > {output}"
rule multi:
    output: multiext("multi/a", ".txt", ".tsv")
    shell: "echo 1 > {output[0]}; echo 2 > {output[1]}"
rule named:
    output: multiext("named/{letter}", one=".one", two=".two")
    shell: "echo 1 > {output.one}; echo 2 > {output.two}"
rule old:
    input: ancient("in/old.txt")
    output: "ancient.txt"
    shell: "cat {input} > {output}"
def both_inputs(wildcards):
    return {"first": f"in/{wildcards.letter}.txt", "second": ["in/old.txt"]}
rule unpacked:
    input: unpack(both_inputs), lambda wildcards: config["more"]
    output: "unpacked/{letter}.txt"
    params: text=lambda wildcards, input, output: f"{wildcards.letter} {len(input)} {output[0].rsplit('/', 1)[-1]}"
    shell: "cat {input.first} {input.second} {input[2]} > {output}; echo {params.text:q} >> {output}"
rule late:
    input: "base.txt"
    output: "late.txt"
    params: text=lambda wildcards, input: open(input[0]).read().strip()
    shell: "echo {params.text:q} > {output}"
rule of_input:
    input: "in/a.txt"
    output: "of_input.txt"
    resources: amount=lambda wildcards, input: len(input), text="x y"
    shell: "echo {resources.amount} {resources.text:q} > {output}"
rule resources:
    output: "resources/{letter}.txt"
    threads: lambda wildcards: 1 if wildcards.letter == "a" else 2
    resources:
        mem_mb=lambda wildcards, threads: 100 * threads,
        label=lambda wildcards: f"of {wildcards.letter}"
    shell: "echo {threads} {resources.mem_mb} {resources.label:q} > {output}"
# After the checkpoint: a job that waits for its next try when a checkpoint ends is forgotten (snakemake#823).
rule tries:
    input: "checkpointed.txt"
    output: "tries.txt"
    retries: 2
    resources: mem_mb=lambda wildcards, attempt: attempt * 100
    shell: "test {resources.mem_mb} -ge 200; echo {resources.mem_mb} > {output}"
rule urgent:
    output: "urgent.txt"
    priority: 50
    shell: "echo urgent > {output}"
rule touched:
    output: touch("touched.done")
    shell: "true"
rule protected:
    output: protected("protected.txt")
    shell: "echo protected > {output}"
rule temporary:
    output: temp("temporary.txt")
    shell: "echo temporary > {output}"
rule of_temporary:
    input: "temporary.txt"
    output: "of_temp.txt"
    shell: "cat {input} > {output}"
rule unneeded:
    output: "with_unneeded.txt", temp("unneeded.txt")
    shell: "echo with | tee {output}"
rule folder:
    output: directory("folder")
    shell: "mkdir -p {output}/in; echo a > {output}/in/a.txt; echo b > '{output}/b c'"
rule listing:
    input: "folder"
    output: "listing.txt"
    shell: "(cd {input}; find . -type f ! -name '.snakemake*' | sort) > {output}"
rule ensured:
    output: ensure("ensured.txt", non_empty=True)
    shell: "echo ensured > {output}"
rule checked:
    output: ensure("checked.txt", sha256="e61a3d78c65133c7260c43e719d97c46e16bd50c64ee7800536cf14c6407a617")
    shell: "printf checked > {output}"
rule updated:
    input: "in/a.txt"
    output: update("updated.txt")
    shell: "cat {input} >> {output}"
checkpoint split:
    output: directory("parts")
    shell: "mkdir {output}; for i in 1 2 3; do echo $i > {output}/$i.txt; done"
rule part:
    input: "parts/{i}.txt"
    output: temp("squares/{i}.txt")
    shell: "echo $(( $(cat {input}) * $(cat {input}) )) > {output}"
def squares(wildcards):
    parts = checkpoints.split.get().output[0]
    return expand("squares/{i}.txt", i=sorted(glob_wildcards(os.path.join(parts, "{i,[0-9]+}.txt")).i))
rule checkpointed:
    input: squares
    output: "checkpointed.txt"
    shell: "cat {input} > {output}"
rule py:
    input: "in/a.txt"
    output: "py.txt"
    params: words=["it's", 2]
    threads: 2
    log: "logs/py.log"
    script: "scripts/a.py"
rule sh:
    input: "in/a.txt"
    output: "sh.txt"
    script: "scripts/a.sh"
rule run:
    input: "in/a.txt"
    output: "run.txt"
    run:
        shell("cat {input} > {output}; echo {word} >> {output}")
rule contained:
    output: "contained.txt"
    container: "docker://nowhere/none"
    shell: "echo on the host > {output}"
rule in_conda:
    output: "in_conda.txt"
    conda: "envs/none.yaml"
    shell: "echo without conda > {output}"
rule in_modules:
    output: "in_modules.txt"
    envmodules: "nowhere/1.0"
    shell: "echo without modules > {output}"
rule reported:
    output: report("reported.txt", category="words")
    shell: "echo reported > {output}"
rule template:
    input: "templates/t.txt"
    output: "template.txt"
    params: name="template"
    template_engine: "jinja2"
rule scattered:
    output: scatter.pieces("pieces/{scatteritem}.txt")
    shell: "for file in {output}; do echo $file | sed 's:.*/::' > $file; done"
rule gathered:
    input: gather.pieces("pieces/{scatteritem}.txt")
    output: "gathered.txt"
    shell: "cat {input} > {output}"
rule norun:
    input: "base.txt"
    output: touch("norun.txt")
rule measured:
    output: "measured.txt"
    benchmark: repeat("bench/measured.tsv", 2)
    shell: "echo {bench_iteration} >> {output}; python3 -c 'x = bytearray(60_000_000); sum(range(9_000_000))'"
rule measured2:
    output: "measured2.txt"
    benchmark: "bench/measured.jsonl"
    params: word="w"
    shell: "echo 2 > {output}; python3 -c 'x = bytearray(60_000_000); sum(range(9_000_000))'"
for depth in ("minimal", "copy-minimal", "shallow", "full"):
    rule:
        name: f"shadow_{depth}"
        input: "in/a.txt"
        output: f"shadow/{depth}.txt"
        shadow: depth
        shell: "echo stray > stray.txt; cat {input} > {output}"
rule odd:
    output: "odd/{name}.txt"
    shell: "echo {wildcards.name:q} > {output:q}"
rule logged:
    output: "logged.txt"
    log: "logs/nothing.log"
    shell: "echo logged > {output}"
rule set_from_outside:
    output: "set.txt"
    threads: 1
    resources: mem_mb=10, tag="from inside"
    shell: "echo {threads} {resources.mem_mb} {resources.tag:q} {config[extra]} > {output}"
rule branched:
    input: branch(config["more"], then="in/a.txt", otherwise="in/b.txt")
    output: "branched.txt"
    shell: "cat {input} > {output}"

onsuccess:
    print("the hook has run")
"""

SOURCES = {
    "config.yaml": "more: in/b.txt\nextra: from the file\n",
    "rules/included.smk": 'rule included:\n    output: "included.txt"\n    shell: "echo {word} > {output}"\n',
    "rules/other.smk": 'word = "module"\nrule own:\n    output: "module.txt"\n'
    '    shell: "echo {word} {config[extra]} > {output}"\n',
    "scripts/a.py": "import neighbour\n"
    "with open(snakemake.output[0], 'w') as file:\n"
    "    print(open(snakemake.input[0]).read(), snakemake.params.words, snakemake.threads, neighbour.word, file=file)\n"
    "with open(snakemake.log[0], 'w') as file:\n"
    "    file.write('log')\n",
    "scripts/neighbour.py": "word = 'neighbour'\n",
    "scripts/a.sh": 'cat "${snakemake_input[0]}" > "${snakemake_output[0]}"\n',
    "envs/none.yaml": "channels: [nowhere]\ndependencies: [none]\n",
}
INPUTS = {
    "in/a.txt": "a\n",
    "in/b.txt": "b\n",
    "in/old.txt": "old\n",
    "updated.txt": "before\n",
    "templates/t.txt": "a {{ params.name }}\n",
}
ARGUMENTS = (
    "--benchmark-extended",
    *("--config", "extra=from-outside"),
    *("--set-threads", "set_from_outside=2"),
    *("--set-resources", "set_from_outside:mem_mb=77"),
)
