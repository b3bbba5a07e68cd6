"""Scripts in other languages than Python. Where an interpreter is missing, a stand-in keeps the file it was handed."""

import os
from shutil import which

import pytest

ALL = {
    "bash": (
        "a.sh",
        'echo "${snakemake_input[named]} ${snakemake_params[word]} ${snakemake_wildcards[n]} ${snakemake[threads]}'
        ' ${snakemake_config[key]} ${snakemake[rule]} ${snakemake_resources[mem_mb]}" > "${snakemake_output[0]}"\n',
    ),
    "Rscript": ("a.R", "writeLines(c(snakemake@params$word, snakemake@rule), snakemake@output[[1]])\n"),
    "julia": ("a.jl", 'write(snakemake.output[1], snakemake.params["word"])\n'),
}
RULE = """
rule all:
    input: "1.out"
rule a:
    input: named="in.txt"
    output: "{n}.out"
    params: word="it's", flag=True, number=1.5
    log: "{n}.log"
    threads: 2
    resources: mem_mb=500, disk_mb=10
    script: "scripts/%s"
"""


@pytest.mark.parametrize("tool", ALL)
def test_with_the_interpreter_itself(both, tool):
    if which(tool) is None:
        # Debian has R, and no Julia.
        pytest.skip("not possible here: no julia" if tool == "julia" else f"missing tool: {tool}")
    name, source = ALL[tool]
    ours = both(RULE % name, "--config", "key=1", files={"in.txt": "", f"scripts/{name}": source})
    ours.is_silent_about("through Snakemake")


# Like the interpreter, the stand-in is handed the whole text; only the place of the workflow differs between two runs.
STAND_IN = """#!/bin/sh
for word; do case "$word" in */scripts/*) file=$word ;; esac; done
{ sed "s#$WHERE##g" "$file"; echo; echo "$0" "$@" | sed "s#$WHERE##g; s#[^ ]*/scripts/[^ ]*#FILE#"; } > 1.out
"""
STOOD_IN = {"Rscript": "a.R", "julia": "a.jl", "rust-script": "a.rs", "bash": "a.sh"}


@pytest.mark.fidelity("`script:` in R, Julia, Rust, bash: the text for the interpreter", section="kinds of rules")
@pytest.mark.parametrize("tool", STOOD_IN)
def test_an_interpreter_is_handed_the_same_text(both, tmp_path, workflow, tool):
    tools = tmp_path / "tools"
    tools.mkdir()
    stand_in = tools / tool
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    # Found through the environment of the step, so that Snakemake's own bash stays the real one.
    prefix = f'shell.prefix("set -euo pipefail; WHERE=$PWD; export WHERE; PATH={tools}:$PATH; export PATH; ")\n'
    ours = both(
        prefix + RULE % STOOD_IN[tool],
        "--config",
        "key=1",
        files={"in.txt": "", f"scripts/{STOOD_IN[tool]}": "the source\n"},
        again=False,
    )
    ours.is_silent_about("through Snakemake")
    assert "the source" in workflow.text("1.out")
    assert os.fspath(tools / tool) in workflow.text("1.out")


@pytest.mark.fidelity("`script:` in R Markdown, Hy, Xonsh", section="kinds of rules")
@pytest.mark.parametrize(("name", "kind"), [("a.Rmd", "rmarkdown"), ("a.hy", "hy"), ("a.xsh", "xonsh")])
def test_kinds_that_stay_with_snakemake(workflow, name, kind):
    workflow.write_file("Snakefile", f'rule a:\n    output: "a.txt"\n    script: "{name}"\n')
    workflow.write_file(name, "---\n---\n")
    workflow.run().failed().says(f"because its script: is of a kind that only Snakemake runs ({kind})")
