"""What the command is made of: params, wildcards, lists, globals, prefixes, environments."""

import os
import random

import pytest

QUOTING = r'''
weird = [
    "plain", "it's", 'say "hi"', "a b  c", "$HOME", "`id`", "back\\slash", "new\nline", "tab\there",
    "ä漢🎉", "{{x}}", "*", "-n", "a;b|c&d", "!",
]
rule all:
    input: expand("out/{i}.txt", i=range(len(weird))), "named.txt", "braces.txt", "multi.txt", "join.txt"
rule quoted:
    output: "out/{i}.txt"
    params: value=lambda wildcards: weird[int(wildcards.i)]
    shell: "printf '%s\\n' {params.value:q} > {output:q}"
rule named:
    input: ["in a.txt", "in'b.txt"], more=["in a.txt"]
    output: a="named.txt"
    params: 7, "x", flag="--yes", several=["1", "2 3"], table=dict(k=5), none=None
    shell:
        "cat {input:q} > {output.a};"
        " echo {input.more:q} {input[1]:q} {params[0]} {params[1]} {params.flag} >> {output};"
        " echo {params.several} {params.several:q} {params.table[k]} {params.none} >> {output}"
rule braces:
    output: "braces.txt"
    shell: "awk 'BEGIN {{ x = \"$1\"; print x \" ${{HOME}}\" }}' > {output}; echo ${{#PATH}} | tr 0-9 n >> {output}"
rule multi:
    output: "multi.txt"
    shell:
        """
        # a comment, with a 'quote'
        value=$(printf '%s' 'ä {wildcards}' | tr a b)
        cat > {output} <<'END'
        $value {rule} {threads}
        END
        echo "$value" >> {output}
        """
rule join:
    output: "join.txt"
    shell:
        "echo one "
        "two > {output}"
        " && echo 'it''s' >> {output}"
'''


@pytest.mark.fidelity("quoting, lists, braces, several lines", section="values of a rule")
def test_quoting(both):
    both(QUOTING, files={"in a.txt": "A\n", "in'b.txt": "B\n"})


@pytest.mark.fidelity("quoting, lists, braces, several lines", section="values of a rule")
def test_random_texts_reach_the_shell_unchanged(both, workflow):
    """Every character but NUL and surrogates, in params and in file names, through Snakemake's own quoting."""
    rng = random.Random(20)
    alphabet = [*map(chr, range(1, 128)), *"äß漢字🎉 ", *"'\"$`\\!{}[]()<>|&;*?~# \t\n"]
    texts = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40))) for _ in range(60)]
    snakefile = f"""
texts = {texts!r}
rule all:
    input: expand("out/{{i}}", i=range(len(texts)))
rule one:
    output: "out/{{i}}"
    params: text=lambda wildcards: texts[int(wildcards.i)]
    shell: "printf '%s' {{params.text:q}} > {{output}}"
"""
    both(snakefile)
    for number, text in enumerate(texts):
        assert (workflow.path / "out" / str(number)).read_bytes().decode() == text


@pytest.mark.fidelity("`shell:`", section="kinds of rules")
def test_the_command_is_the_one_that_snakemake_runs(both, tmp_path):
    """A `bash` in front of bash writes down what it is given; both executors must give it the same."""
    directory = tmp_path / "bin"
    directory.mkdir()
    recorder = directory / "bash"
    recorder.write_text(
        '#!/bin/bash\nhere=$(sha256sum <<< "$*" | cut -c1-20)\n'
        'printf "%s\\0" "$@" > recorded/$here\nexec /bin/bash "$@"\n'
    )
    recorder.chmod(0o755)
    both(
        QUOTING,
        files={"in a.txt": "A\n", "in'b.txt": "B\n", "recorded/.keep": ""},
        env={"PATH": f"{directory}:{os.environ['PATH']}"},
    )


@pytest.mark.fidelity("`module:` with its own globals and config", section="kinds of rules")
def test_module_rules_use_their_own_globals(both, workflow):
    """Snakemake prints such a command with the main file's globals and runs it with the module's."""
    both(
        """
        name = "main"
        module other:
            snakefile: "other.smk"
        use rule * from other as other_*
        rule all:
            default_target: True
            input: "other.txt", "changed.txt", "mine.txt"
        rule mine:
            output: "mine.txt"
            shell: "echo {name} > {output}"
        use rule mine as changed with:
            output: "changed.txt"
        """,
        files={
            "other.smk": 'name = "module"\nrule first:\n    output: "other.txt"\n    shell: "echo {name} > {output}"\n'
        },
    )
    assert workflow.text("other.txt") == "module\n"
    assert workflow.text("mine.txt") == "main\n"


@pytest.mark.fidelity("`shell.prefix()`, `shell.suffix()`, `shell_exec`", section="values of a rule")
def test_shell_prefix_suffix_and_shell_exec(both, workflow):
    both(
        """
        shell.prefix("set -eu; export GREETING=hello; ")
        shell.suffix("; echo end >> log.txt")
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            shell: "echo $GREETING > {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            resources: shell_exec="sh"
            shell: "echo $GREETING $0 > {output}"
        """,
        ignored=("b.txt",),
    )
    assert workflow.text("b.txt").startswith("hello ")


def test_a_failing_pipe_and_an_unset_variable_fail(both):
    for command in ("false | cat > {output}", "echo $NOT_SET_ANYWHERE > {output}"):
        both(f'rule a:\n    output: "a.txt"\n    shell: "{command}"\n', code=1)


@pytest.mark.fidelity("environment, `tmpdir`, thread counts", section="values of a rule")
def test_environment_threads_and_tmpdir(both, workflow):
    both(
        """
        import os
        os.environ["FROM_SNAKEFILE"] = "snakefile"
        envvars: "DECLARED"
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            threads: 64
            params:
                double=lambda wildcards, threads: threads * 2,
                tmp=lambda wildcards, resources: resources.tmpdir
            resources: mem_mb=lambda wildcards, threads: threads * 100
            shell:
                "echo {threads} {params.double} {resources.mem_mb} $OMP_NUM_THREADS $MKL_NUM_THREADS"
                " $VECLIB_MAXIMUM_THREADS > {output};"
                " echo {resources.tmpdir} {params.tmp} $TMPDIR $TMP $TEMP $TEMPDIR >> {output};"
                " echo $FROM_SNAKEFILE $DECLARED $INHERITED >> {output}"
        rule b:
            output: "b.txt"
            resources: tmpdir="my/tmp"
            shell: "ls -d $TMPDIR > {output}; pwd | sed 's:.*/[a-z]*$:here:' >> {output}"
        """,
        env={"DECLARED": "one two", "INHERITED": "in'herited"},
    )
    assert workflow.text("a.txt").splitlines()[0] == "2 4 200 2 2 2"


def test_ours_and_storage_credentials_are_not_in_a_step(workflow):
    workflow.env = {"KONVERGE_X": "1", "SNAKEMAKE_KUEUE_NAMESPACE": "n", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "s"}
    workflow.write_file("Snakefile", 'rule a:\n    output: "env.txt"\n    shell: "env > {output}"\n')
    workflow.run().succeeded()
    env = workflow.text("env.txt")
    for name in ("KONVERGE_X", "SNAKEMAKE_KUEUE_NAMESPACE", "SNAKEMAKE_STORAGE_S3_SECRET_KEY"):
        assert name not in env
    assert "PYTHONPATH" in env


@pytest.mark.fidelity("`configfile:`, `--config`", section="command line")
def test_config_wildcards_in_resources_and_input_functions(both):
    both(
        """
        configfile: "config.yaml"
        def inputs(wildcards):
            return [f"in/{wildcards.name}.{n}" for n in config["numbers"]]
        wildcard_constraints: name="[ab]"
        rule all:
            input: expand("out/{name}.txt", name=["a", "b"])
        rule source:
            output: "in/{name}.{n,[0-9]+}"
            resources: custom=lambda wildcards: int(wildcards.n), label="x{name}"
            shell:
                "echo {wildcards.name}{wildcards.n} {resources.custom} {config[word]} {config[deep][key]} > {output}"
        rule join:
            input: inputs
            output: "out/{name}.txt"
            shell: "cat {input} > {output}"
        """,
        "--config",
        "extra=1",
        files={"config.yaml": "numbers: [1, 2]\nword: hi\ndeep: {key: value}\n"},
    )


@pytest.mark.fidelity("a command of 200 KB", section="values of a rule")
def test_a_command_of_200_kilobytes(both, workflow):
    both(
        """
        rule a:
            output: "a.txt"
            params: text="x" * 200_000
            shell: "cat > {output} <<'END'\\n{params.text}\\nEND\\n"
        """
    )
    assert len(workflow.text("a.txt")) == 200_001


@pytest.mark.fidelity("`workdir:`", section="kinds of rules", rules=("a",))
def test_workdir_directive(both):
    both(
        """
        workdir: "inner"
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            shell: "pwd | sed 's:.*/inner:inner:' > {output}"
        rule b:
            output: "b.txt"
            run:
                import pathlib
                pathlib.Path(output[0]).write_text(pathlib.Path.cwd().name)
        """,
        ignored=(),
    )
