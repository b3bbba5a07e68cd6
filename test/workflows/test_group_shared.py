"""Groups of jobs whose own commands run in the shared directory, without a Snakemake beside them."""

import pytest


def test_levels_in_order_with_temp_touch_and_ensured_outputs(both):
    ours = both(
        """
        rule all:
            input: "all.txt", "deep/er/c.txt"
        rule a:
            input: "in.txt"
            output: temp("a/{n}.txt"), touch("a/{n}.done")
            group: "g"
            log: "logs/{n}.log", "logs/{n}.empty"
            shell: "cat {input} > {output[0]}; echo {wildcards.n} >> {output[0]}; echo log > {log[0]}"
        rule b:
            input: "a/{n}.txt", "a/{n}.done"
            output: ensure("b/{n}.txt", non_empty=True), directory("b/{n}.d")
            group: "g"
            threads: 2
            shell: "cat {input} > {output[0]}; mkdir {output[1]}; touch {output[1]}/x"
        rule c:
            input: "b/1.txt"
            output: protected("deep/er/c.txt")
            group: "g"
            script: "c.py"
        rule d:
            input: "b/1.txt", "b/2.txt"
            output: "all.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
        files={
            "in.txt": "in\n",
            "c.py": 'open(snakemake.output[0], "w").write(open(snakemake.input[0]).read() + snakemake.rule)\n',
        },
    )
    ours.is_silent_about("through Snakemake").says("Removing temporary output a/1.txt")


def test_outputs_of_an_earlier_run_are_gone_before_it_begins(both, workflow):
    snakefile = """
    rule all:
        input: "b.txt"
    rule a:
        output: "a.txt"
        group: "g"
        shell: "[ ! -e {output} ] && [ ! -e b.txt ] && date +%N > {output}"
    rule b:
        input: "a.txt"
        output: "b.txt"
        group: "g"
        shell: "[ ! -e {output} ] && echo b > {output}"
    """
    both(snakefile, ignored=("a.txt",))
    first = workflow.text("a.txt")
    workflow.run("kueue", "--forceall").succeeded().is_silent_about("through Snakemake")
    assert workflow.text("a.txt") != first
    workflow.run().succeeded().says("Nothing to be done")


@pytest.mark.fidelity("`group:` of which a member fails", section="groups")
def test_a_failed_group_leaves_nothing_and_is_tried_again(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            group: "g"
            shell: "echo a > {output}; echo >> a.runs"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            retries: 1
            shell: "cat {input} > {output}; echo >> b.runs; [ $(wc -l < b.runs) -gt 1 ] || exit 4"
        """,
    )
    workflow.run().succeeded().says("exit code 4").is_silent_about("through Snakemake")
    assert workflow.text("b.txt") == "a\n"
    assert (workflow.text("a.runs"), workflow.text("b.runs")) == ("\n\n", "\n\n")


def test_an_update_that_fails_in_a_group_is_rolled_back(both, workflow):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            input: "in.txt"
            output: update("a.txt")
            group: "g"
            shell: "echo more >> {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "exit 1"
        """,
        files={"in.txt": "", "a.txt": "before\n"},
        code=1,
        ignored=("a.txt",),
    )
    assert workflow.text("a.txt") == "before\n"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('benchmark: "a.tsv"', "its member a cannot run directly: it has a benchmark"),
        ('shadow: "minimal"', "its member a cannot run directly: it has a shadow directory"),
    ],
)
def test_members_that_need_snakemake(both, more, reason):
    both(
        f"""
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            group: "g"
            {more}
            shell: "echo a > {{output}}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "cat {{input}} > {{output}}"
        """,
        ignored=("a.tsv",),
    ).says(f"runs through Snakemake because {reason}")


def test_pipes_stay_with_snakemake(both):
    both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: pipe("a.fifo")
            shell: "seq 3 > {output}"
        rule b:
            input: "a.fifo"
            output: "b.txt"
            shell: "cat {input} > {output}"
        """
    ).says("because it has pipe() or service() outputs, and if one of its jobs fails")


def test_a_member_with_mpi_and_one_with_a_service_are_one_step_with_both(workflow):
    workflow.write_file(
        "konverge.yaml",
        "services:\n  db:\n    command: [sh, -c, 'echo it is up > up; exec sleep 1000']\n    ready: { file: up }\n",
    )
    workflow.write_file(
        "Snakefile",
        """
        rule begin:
            output: "begin.txt"
            group: "g"
            shell: "echo begin > {output}"
        rule ask:
            input: "begin.txt"
            output: "ask.txt"
            group: "g"
            resources: kueue_services="db"
            shell: "cat {input} up > {output}"
        rule simulate:
            input: "ask.txt"
            output: "simulate.txt"
            group: "g"
            resources: mpi="env", tasks=2
            shell: "{resources.mpi} n={resources.tasks} sh -c 'echo $n $KONVERGE_SERVICE_DB_HOST' >{output}"
        """,
    )
    workflow.run("kueue", "simulate.txt").succeeded().is_silent_about("through Snakemake")
    assert workflow.text("ask.txt") == "begin\nit is up\n"
    assert workflow.text("simulate.txt") == "2 127.0.0.1\n"
    (step,) = workflow.observed[-1].steps
    assert step.spec["resources"]["mpi"] == {"command": "env", "tasks": 2, "nodes": 1}
    assert [service["name"] for service in step.spec["services"]] == ["db"]
