"""What outputs are after a step that shared nothing but storage: S3, or the core moving files of this directory."""

import pytest


@pytest.mark.fidelity("file names with spaces, unicode, `&%+`", section="inputs and outputs")
def test_a_chain_with_wildcards_and_odd_names(moved):
    moved(
        """
        rule all:
            input: expand("out/{name}.txt", name=["a b", "ü", "c+d&e", "f%20g"])
        rule first:
            input: "in/{name}.txt"
            output: "mid/{name}.txt"
            shell: "cat {input:q} > {output:q}; echo {wildcards.name:q} >> {output:q}"
        rule second:
            input: a="mid/{name}.txt", b="in/{name}.txt"
            output: "out/{name}.txt"
            threads: 2
            shell: "cat {input.a:q} {input.b:q} > {output:q}; echo {threads} >> {output:q}"
        """,
        inputs={f"in/{name}.txt": name for name in ("a b", "ü", "c+d&e", "f%20g")},
    )


@pytest.mark.fidelity("`directory()` as output and input", section="inputs and outputs")
@pytest.mark.fidelity("a `directory()` that was looked for before it existed", section="faults", rules=("d", "empty"))
def test_directories(moved):
    moved(
        """
        rule all:
            input: "list.txt", "empty"
        rule d:
            output: directory("d")
            shell: "mkdir -p {output}/in; echo a > {output}/in/a.txt; echo b > {output}/b"
        rule empty:
            output: directory("empty")
            shell: "mkdir {output}"
        rule l:
            input: "d"
            output: "list.txt"
            shell: "(cd {input}; find . -type f ! -name '.snakemake*' | sort) > {output}"
        """
    )
    assert moved.contents()["list.txt"] == b"./b\n./in/a.txt\n"


@pytest.mark.fidelity("`temp()` that no rule needs", section="faults", rules=("a",))
def test_touch_and_protected_and_temp(moved):
    moved(
        """
        rule all:
            input: "c.txt", "a.done"
        rule a:
            output: touch("a.done"), temp("a.txt"), temp("nobody.txt")
            shell: "echo a > {output[1]}; echo n > {output[2]}"
        rule b:
            input: "a.txt"
            output: protected("b.txt")
            shell: "cat {input} > {output}"
        rule c:
            input: "b.txt"
            output: "c.txt"
            shell: "cat {input} > {output}"
        """
    )
    assert set(moved.contents()) == {"a.done", "b.txt", "c.txt"}
    if moved.kind == "driver":
        assert not (moved.workflow.path / "b.txt").stat().st_mode & 0o222


@pytest.mark.fidelity(
    "`ensure(md5=…)`, also from a function, and what does not fulfil it", section="inputs and outputs"
)
@pytest.mark.fidelity("`ensure()` is checked before the upload", section="faults")
@pytest.mark.parametrize(
    ("ensured", "code"),
    [
        ("non_empty=True", 1),
        ('md5="d41d8cd98f00b204e9800998ecf8427e"', 0),
        ('sha256="00"', 1),
        ('md5=lambda wildcards: "d41d8cd98f00b204e9800998ecf8427e"', 0),
    ],
)
def test_ensure(moved, ensured, code):
    """Snakemake's own executor asks storage for the size before it has uploaded the file, and fails."""
    snakefile = f'rule a:\n    output: ensure("a.txt", {ensured})\n    shell: ": > {{output}}"\n'
    ours = moved(snakefile, code=code, upstream=False)
    assert code == 0 or "a.txt" in ours.text


@pytest.mark.fidelity("`benchmark:`, `repeat()`, extended", section="values of a rule")
def test_benchmark_with_repeats(moved):
    moved(
        """
        rule a:
            output: "a.txt"
            benchmark: repeat("bench/a.tsv", 3)
            shell: "echo {bench_iteration} >> {output}"
        """,
        ignored=("bench/a.tsv",),
    )
    header, *rows = moved.contents()["bench/a.tsv"].decode().splitlines()
    assert header.split("\t")[:2] == ["s", "h:m:s"]
    assert len(rows) == 3
    assert all(float(row.split("\t")[0]) >= 0 for row in rows)


@pytest.mark.fidelity("checkpoint", section="kinds of rules", rules=("split",))
def test_checkpoint(moved):
    moved(
        """
        def parts(wildcards):
            with checkpoints.split.get().output.names.open() as file:
                names = file.read().split()
            return expand("part/{n}.txt", n=names)
        rule all:
            input: "all.txt"
        checkpoint split:
            output: names="names.txt"
            shell: "echo 1 2 3 > {output}"
        rule part:
            output: "part/{n}.txt"
            shell: "echo {wildcards.n} > {output}"
        rule join:
            input: parts
            output: "all.txt"
            shell: "cat {input} > {output}"
        """
    )
    assert moved.contents()["all.txt"] == b"1\n2\n3\n"


def test_a_local_rule_outlasts_a_checkpoint(moved):
    """Snakemake 9.25 itself removes the output of such a rule when the checkpoint ends (snakemake#4284)."""
    moved(
        """
        import os
        here = os.getcwd()
        localrules: at_home
        def parts(wildcards):
            checkpoints.split.get()
            return []
        rule all:
            input: "at_home.txt", "joined.txt"
        rule at_home:
            output: "at_home.txt"
            shell: "echo at home > {output}; touch begun; until [ -e joined ]; do sleep 0.1; done"
        checkpoint split:
            output: "split.txt"
            shell: "until [ -e {here}/begun ]; do sleep 0.1; done; touch {output}"
        rule join:
            input: parts
            output: "joined.txt"
            shell: "touch {here}/joined {output}"
        """,
        ignored=("begun", "joined"),
        upstream=False,
    )


def test_shadow_needs_nothing_more(moved):
    """Snakemake's own executor makes no directories of storage in a full shadow directory."""
    moved(
        """
        rule a:
            output: "a.txt"
            shadow: "full"
            shell: "echo stray > stray.txt; echo a > {output}"
        """,
        upstream=False,
    )


@pytest.mark.fidelity("scripts and data that a command opens by name", section="storage")
def test_sources_are_there(moved):
    moved(
        """
        rule a:
            output: "a.txt"
            shell: "sh scripts/hello.sh > {output}; cat data/small.txt >> {output}"
        """,
        sources={"scripts/hello.sh": "echo hello", "data/small.txt": "small\n"},
    )
    assert moved.contents() == {"a.txt": b"hello\nsmall\n"}
