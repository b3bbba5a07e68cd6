"""Outputs and what Snakemake's main process does with them. One test for each duty of docs/adr/0002."""

import os
import stat

import pytest

UPDATE = """
rule a:
    input: "in.txt"
    output: update("a.txt")
    shell: "cat {input} >> {output}; %s"
"""


def test_prepare_removes_old_outputs_and_makes_directories(both, workflow):
    """mkdir and prepare: directories of outputs, logs and benchmarks exist; an old output does not."""
    both(
        """
        rule a:
            output: "deep/er/a.txt", "other/b.txt"
            log: "logs/deep/a.log"
            shell:
                "ls deep/er other logs/deep > seen.txt;"
                " echo a > {output[0]}; echo b > {output[1]}; echo log > {log}"
        """,
        "--forcerun",
        "a",
        files={"other/b.txt": "old"},
        again=False,
    )
    assert "b.txt" not in workflow.text("seen.txt")


@pytest.mark.fidelity("`directory()` as output and input", section="inputs and outputs")
def test_directory_outputs(both, workflow):
    both(
        """
        rule all:
            input: "d", "empty"
        rule d:
            output: directory("d")
            shell: "mkdir -p {output}/in; echo a > {output}/in/a.txt"
        rule empty:
            input: "d"
            output: directory("empty")
            shell: "mkdir {output}"
        """,
        ignored=("d/.snakemake_timestamp", "empty/.snakemake_timestamp"),
    )
    assert workflow.has("d/.snakemake_timestamp")
    assert workflow.has("empty/.snakemake_timestamp")


def test_a_file_where_a_directory_is_declared_fails(both):
    both('rule a:\n    output: directory("a")\n    shell: "echo a > {output}"\n', code=1)


def test_touch_outputs_are_made(both):
    both(
        """
        rule a:
            output: touch("a.done"), "b.txt"
            shell: "echo b > {output[1]}"
        """
    )


def test_log_is_made_if_the_command_writes_none(both, workflow):
    both(
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            log: "logs/a.log"
            shell: "echo a > {output}"
        rule b:
            output: "b.txt"
            log: out="logs/b.out", err="logs/b.err"
            shell: "(echo b | tee {output}; echo e >&2) > {log.out} 2> {log.err}"
        """
    )
    assert workflow.text("logs/a.log") == ""


@pytest.mark.fidelity("`log:` of a step that fails", section="inputs and outputs")
def test_log_is_kept_when_the_command_fails(both, workflow):
    both(
        """
        rule a:
            output: "a.txt"
            log: "a.log"
            shell: "echo half > {output}; echo bad > {log}; exit 3"
        """,
        code=1,
    )
    assert workflow.text("a.log") == "bad\n"
    assert not workflow.has("a.txt")


@pytest.mark.fidelity(
    "`ensure(md5=…)`, also from a function, and what does not fulfil it", section="inputs and outputs"
)
@pytest.mark.parametrize(
    ("ensured", "code"),
    [
        ("non_empty=True", 1),
        ('md5="d41d8cd98f00b204e9800998ecf8427e"', 0),
        ('md5="00000000000000000000000000000000"', 1),
        ('md5=lambda wildcards: "d41d8cd98f00b204e9800998ecf8427e"', 0),
    ],
)
def test_ensure(both, ensured, code):
    both(f'rule a:\n    output: ensure("a.txt", {ensured})\n    shell: ": > {{output}}"\n', code=code)


@pytest.mark.fidelity("`protected()`", section="inputs and outputs")
def test_protected_outputs(both, workflow):
    snakefile = 'rule a:\n    output: protected("a.txt")\n    shell: "echo a > {output}"\n'
    both(snakefile)
    assert not (workflow.path / "a.txt").stat().st_mode & stat.S_IWUSR
    # To root nothing is protected: then Snakemake's own executor overwrites the file too.
    again = workflow.run("kueue", "--forcerun", "a")
    if os.geteuid() != 0:
        again.failed().says("a.txt", "write-protected")


@pytest.mark.fidelity("`temp()` that no rule needs", section="inputs and outputs", rules=("a",))
def test_temp_outputs_are_removed_and_unneeded_ones_are_no_error(both, workflow):
    both(
        """
        rule all:
            input: "c.txt", "d.txt"
        rule a:
            output: temp("a.txt"), temp("unneeded.txt")
            shell: "echo a | tee {output}"
        rule b:
            input: "a.txt"
            output: "c.txt"
            shell: "cat {input} > {output}"
        rule d:
            output: "d.txt", temp("unneeded2.txt")
            run:
                for name in output:
                    open(name, "w").write("d")
        """
    )
    assert not workflow.has("a.txt")
    assert not workflow.has("unneeded2.txt")


@pytest.mark.parametrize("depth", ["minimal", "copy-minimal", "shallow", "full"])
def test_shadow(both, workflow, depth):
    both(
        f"""
        rule a:
            input: "in/a.txt"
            output: "out/a.txt", directory("out/d")
            log: "a.log"
            benchmark: "a.tsv"
            shadow: "{depth}"
            shell:
                "echo junk > junk.txt; cat {{input}} > {{output[0]}}; mkdir -p {{output[1]}};"
                " echo x > {{output[1]}}/x; echo log > {{log}}"
        """,
        files={"in/a.txt": "A\n"},
        ignored=("a.tsv", "out/d/.snakemake_timestamp"),
    )
    assert not workflow.has("junk.txt")
    assert not list((workflow.path / ".snakemake" / "shadow").iterdir())


def test_update_output_is_extended(both, workflow):
    both(UPDATE % "true", "--forcerun", "a", files={"in.txt": "more\n", "a.txt": "old\n"}, again=False)
    assert workflow.text("a.txt") == "old\nmore\n"


@pytest.mark.fidelity("`update()` of a step that fails", section="inputs and outputs")
def test_update_output_of_a_failed_step_is_restored(both, workflow):
    both(UPDATE % "exit 1", "--forcerun", "a", files={"in.txt": "more\n", "a.txt": "old\n"}, code=1)
    assert workflow.text("a.txt") == "old\n"


def test_update_output_of_a_failed_fallback_is_restored_once(workflow):
    """Snakemake's own executor rolls it back twice, the second time by deleting it, so there is no
    comparison.
    """
    workflow.write_file(
        "Snakefile",
        """
        rule a:
            output: update("a.txt")
            run:
                open(output[0], "a").write("half")
                raise ValueError
        """,
    )
    workflow.write_file("a.txt", "old\n")
    workflow.run("kueue", "--forcerun", "a").failed().says("Restored previous version of a.txt")
    assert workflow.text("a.txt") == "old\n"


@pytest.mark.fidelity("a missing output is an ordinary error of its job", section="faults")
def test_missing_output_is_an_error_that_names_it(both):
    ours = both('rule a:\n    output: "a.txt", "b.txt"\n    shell: "echo > b.txt"\n', code=1)
    ours.says("a.txt", "missing")


@pytest.mark.fidelity("file names with spaces, unicode, `&%+`", section="inputs and outputs")
def test_unicode_and_spaces_in_file_names(both):
    both(
        """
        rule all:
            input: "out dir/ü 1.txt"
        rule a:
            output: "out dir/{name} {n}.txt"
            log: "log dir/{name} {n}.log"
            shell: "echo {wildcards.name:q} > {output:q} 2> {log:q}"
        """
    )


def test_a_rule_without_output(both):
    both('rule a:\n    input: "Snakefile"\n    shell: "echo ran >> ran.txt"\n', again=False)


@pytest.mark.fidelity("`--notemp`", section="command line")
@pytest.mark.fidelity("`--keep-incomplete`", section="command line", rules=("b",))
def test_notemp_and_keep_incomplete(both, workflow):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: temp("a.txt")
            shell: "echo a > {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "echo half > {output}; exit 1"
        """,
        "--notemp",
        "--keep-incomplete",
        code=1,
    )
    assert workflow.text("b.txt") == "half\n"
