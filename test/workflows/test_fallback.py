"""Steps that only Snakemake itself can run: they run in a Snakemake of their own, and the reason is said
once.
"""

import pytest


def test_scripts(both):
    ours = both(
        """
        rule all:
            input: "py.txt", "sh.txt"
        rule py:
            input: "in.txt"
            output: "py.txt"
            params: word="it's"
            threads: 2
            log: "py.log"
            script: "scripts/a.py"
        rule sh:
            input: "in.txt"
            output: "sh.txt"
            script: "scripts/a.sh"
        """,
        files={
            "in.txt": "in\n",
            "scripts/a.py": "print(open(snakemake.input[0]).read(), snakemake.params.word, snakemake.threads, "
            'snakemake.rule, file=open(snakemake.output[0], "w"))\nopen(snakemake.log[0], "w").write("log")\n',
            "scripts/a.sh": 'cat "${snakemake_input[0]}" > "${snakemake_output[0]}"\n',
        },
    )
    ours.is_silent_about("through Snakemake")


@pytest.mark.fidelity("`run:`", section="kinds of rules")
def test_run_and_the_reason_is_said_once(both):
    ours = both(
        """
        rule all:
            input: expand("{i}.txt", i=range(3))
        rule a:
            output: "{i}.txt"
            run:
                shell("echo {wildcards.i} > {output}")
                assert config.get("x") is None
        """
    )
    assert ours.text.count("runs through Snakemake because") == 1


@pytest.mark.fidelity("`--replace-workflow-config`", section="command line", rules=("a",))
def test_a_replaced_config_reaches_the_job(workflow):
    """Snakemake's own executor merges it where it starts a Snakemake for a rule; so there is no comparison."""
    workflow.write_file("config.yaml", "one: 1\ntwo: 1\n")
    workflow.write_file(
        "Snakefile",
        """
        configfile: "config.yaml"
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            run:
                open(output[0], "w").write(repr(sorted(config.items())) + "\\n")
        rule b:
            output: "b.txt"
            params: config=lambda wildcards: repr(sorted(config.items()))
            shell: "echo {params.config:q} > {output}"
        """,
    )
    workflow.run("kueue", "--config", "two=2", "--replace-workflow-config").succeeded()
    assert workflow.text("a.txt") == workflow.text("b.txt") == "[('two', 2)]\n"


@pytest.mark.fidelity("`--default-resources`", section="command line", rules=("b",))
def test_default_resources_reach_the_job_with_their_units(workflow):
    """Snakemake's own executor loses the unit where it starts a Snakemake for a rule; so there is no comparison."""
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            run:
                open(output[0], "w").write(f"{resources.mem_mb} {resources.mem_mib}")
        rule b:
            output: "b.txt"
            shell: "echo {resources.mem_mb} {resources.mem_mib} > {output}"
        """,
    )
    workflow.run("kueue", "--default-resources", "mem_mib=1000.5").succeeded()
    assert workflow.text("a.txt").split() == workflow.text("b.txt").split() == ["1048", "1000"]


def test_declared_variables_reach_the_job_but_not_its_command_line(both, workflow):
    both(
        """
        envvars: "TOKEN"
        rule a:
            output: "a.txt"
            run:
                import os
                open(output[0], "w").write(os.environ["TOKEN"])
        """,
        env={"TOKEN": "s3cr3t value"},
    )


def test_shadow_benchmark_and_temp_of_a_run_rule(both):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: temp("a.txt")
            shadow: "minimal"
            log: "a.log"
            benchmark: "a.tsv"
            run:
                open(output[0], "w").write("a")
                open("junk.txt", "w").write("junk")
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "cat {input} > {output}"
        """,
        ignored=("a.tsv",),
    )


def test_a_failing_script_shows_its_own_words(workflow):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    script: "a.py"\n')
    workflow.write_file("a.py", 'raise ValueError("the script\'s own words")\n')
    workflow.run().failed().says("the script's own words", "exit code 1")


@pytest.mark.fidelity("a command that cannot be formatted", section="values of a rule", rules=("a",))
def test_a_command_that_cannot_be_formatted_fails_its_job_only(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            shell: "echo {no_such_name} > {output}"
        rule b:
            output: "b.txt"
            shell: "echo b > {output}"
        """,
    )
    workflow.run("kueue", "--keep-going").failed().says("no_such_name")
    assert workflow.text("b.txt") == "b\n"
