"""How Snakemake steers a run: checkpoints, retries, targets, groups, and its own ways through a failure."""

import pytest

FAILING = """
rule all:
    input: "a.txt", "b.txt", "c.txt"
rule a:
    output: "a.txt"
    shell: "exit 1"
rule b:
    output: "b.txt"
    priority: -1
    shell: "sleep 0.5; echo b > {output}"
rule c:
    input: "b.txt"
    output: "c.txt"
    shell: "cat {input} > {output}"
"""


@pytest.mark.fidelity("checkpoint", section="kinds of rules")
def test_checkpoint(both):
    both(
        """
        rule all:
            input: "all.txt"
        checkpoint split:
            output: directory("parts")
            shell: "mkdir {output}; for i in 1 2 3; do echo $i > {output}/$i.txt; done"
        rule square:
            input: "parts/{i}.txt"
            output: temp("squares/{i}.txt")
            shell: "echo $(( $(cat {input}) * $(cat {input}) )) > {output}"
        def squares(wildcards):
            parts = checkpoints.split.get().output[0]
            return expand("squares/{i}.txt", i=sorted(glob_wildcards(f"{parts}/{{i}}.txt").i))
        rule all_squares:
            input: squares
            output: "all.txt"
            shell: "cat {input} > {output}"
        """,
        ignored=("parts/.snakemake_timestamp",),
    )


def test_a_retry_is_not_lost_when_a_checkpoint_ends_before_it(workflow):
    """With Snakemake's own executor this ends with "Out of jobs ready to be started" (snakemake#823)."""
    workflow.write_file(
        "Snakefile",
        """
        def parts(wildcards):
            checkpoints.split.get()
            return []
        rule all:
            input: "tries.txt", "long.txt", "joined.txt"
        rule tries:
            output: "tries.txt"
            retries: 1
            resources: nth=lambda wildcards, attempt: attempt
            shell: "sleep 1.2; test {resources.nth} = 2 && touch {output}"
        rule before:
            output: "before.txt"
            priority: 30
            shell: "touch {output}"
        checkpoint split:
            input: "before.txt"
            output: "split.txt"
            priority: 30
            shell: "sleep 2; touch {output}"
        rule long:
            input: "before.txt"
            output: "long.txt"
            priority: 20
            shell: "sleep 3; touch {output}"
        rule join:
            input: parts
            output: "joined.txt"
            shell: "touch {output}"
        """,
    )
    workflow.run("kueue", "--jobs", "2").succeeded().is_silent_about("Out of jobs")
    assert (workflow.path / "joined.txt").exists()
    assert (workflow.path / "tries.txt").exists()


@pytest.mark.fidelity("`retries:`, resources that grow with `attempt`", section="values of a rule")
def test_retries_with_growing_resources(both, workflow):
    both(
        """
        rule a:
            output: "a.txt"
            retries: 2
            resources: mem_mb=lambda wildcards, attempt: attempt * 100
            shell:
                "echo {resources.mem_mb} >> tries.txt;"
                " test {resources.mem_mb} -ge 300 && echo {resources.mem_mb} > {output}"
        """,
        again=False,
    )
    assert workflow.text("tries.txt") == "100\n200\n300\n"


@pytest.mark.fidelity("`retries:` of a step through Snakemake", section="values of a rule")
def test_retries_of_a_fallback(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule a:
            output: "a.txt"
            retries: 1
            resources: mem_mb=lambda wildcards, attempt: attempt * 100
            run:
                assert resources.mem_mb == 200
                open(output[0], "w").write(str(resources.mem_mb))
        """,
    )
    workflow.run().succeeded().says("Trying to restart job")
    assert workflow.text("a.txt") == "200"


@pytest.mark.fidelity("`--keep-going`", section="command line")
def test_keep_going(both, workflow):
    both(FAILING, "--keep-going", code=1)
    assert workflow.text("c.txt") == "b\n"


def test_the_first_error_stops_what_has_not_begun(both, workflow):
    ours = both(FAILING, code=1, ignored=("b.txt",))
    assert not workflow.has("c.txt")
    ours.says("Exiting because a job execution failed")


def test_until_forcerun_and_priority(both, workflow):
    snakefile = """
        rule all:
            input: "c.txt"
        rule a:
            output: "a.txt"
            shell: "echo a > {output}; echo a >> order.txt"
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "cat {input} > {output}; echo b >> order.txt"
        rule c:
            input: "b.txt"
            output: "c.txt"
            shell: "cat {input} > {output}; echo c >> order.txt"
    """
    both(snakefile, "--until", "b", again=False)
    assert not workflow.has("c.txt")
    workflow.run().succeeded()
    workflow.run("kueue", "--forcerun", "b", "--prioritize", "b.txt").succeeded()
    assert workflow.text("order.txt") == "a\nb\nc\nb\nc\n"


@pytest.mark.fidelity("`--dry-run` and `--touch` start no core", section="command line")
def test_touch_and_dry_run_start_no_core(workflow):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    workflow.run("kueue", "--dry-run").succeeded().says("rule a")
    assert not workflow.has("a.txt")
    workflow.write_file("a.txt", "by hand")
    workflow.run("kueue", "--touch").succeeded()
    assert not workflow.has(".snakemake/konverge/store.sqlite")


@pytest.mark.fidelity("`localrules:`, `localrule:`", section="kinds of rules")
def test_nothing_to_do_and_local_rules_start_no_core(both, workflow):
    both(
        """
        localrules: a
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            shell: "echo a > {output}"
        rule b:
            localrule: True
            output: "b.txt"
            run:
                open(output[0], "w").write("b")
        """
    )
    assert not workflow.has(".snakemake/konverge/store.sqlite")


@pytest.mark.fidelity("`group:`", section="groups", rules=("a", "b"))
def test_group_jobs(both):
    ours = both(
        """
        rule all:
            input: expand("{s}.c.txt", s=["x", "y"])
        rule a:
            output: temp("{s}.a.txt")
            group: "g"
            shell: "echo {wildcards.s} > {output}"
        rule b:
            input: "{s}.a.txt"
            output: "{s}.b.txt"
            log: "{s}.b.log"
            group: "g"
            shell: "cat {input} > {output} 2> {log}"
        rule c:
            input: "{s}.b.txt"
            output: "{s}.c.txt"
            shell: "cat {input} > {output}"
        """
    )
    ours.is_silent_about("through Snakemake")


@pytest.mark.fidelity("`pipe()`", section="groups")
def test_pipes(both):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: pipe("a.pipe")
            shell: "for i in 1 2 3; do echo $i; done > {output}"
        rule b:
            input: "a.pipe"
            output: "b.txt"
            shell: "cat {input} > {output}"
        """
    )


@pytest.mark.fidelity("`service()`", section="groups")
def test_services(both):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: service("a.socket")
            shell: "echo up > {output}; exec sleep 60"
        rule b:
            input: "a.socket"
            output: "b.txt"
            shell: "sleep 1; cat {input} > {output}"
        """,
        "--latency-wait",
        "10",
    )


def test_a_failing_group_says_why(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            group: "g"
            shell: "echo a > {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "exit 4"
        """,
    )
    workflow.run().failed().says("group g")


@pytest.mark.fidelity("`--set-threads`, `--set-resources`", section="command line")
@pytest.mark.fidelity("`--directory`", section="command line")
def test_directory_option_and_resource_overrides(both, workflow):
    both(
        """
        rule all:
            input: "a.txt"
        rule a:
            output: "a.txt"
            threads: 1
            shell: "echo {threads} {resources.mem_mb} {resources.word} > {output}"
        """,
        "--directory",
        "elsewhere",
        "--set-threads",
        "a=2",
        "--set-resources",
        "a:mem_mb=77",
        "a:word='w x'",
    )
    assert workflow.text("elsewhere/a.txt") == "2 77 w x\n"


def test_wait_for_inputs_of_another_directory(both, tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("from outside\n")
    both(f'rule a:\n    input: "{source}"\n    output: "a.txt"\n    shell: "cat {{input}} > {{output}}"\n')
