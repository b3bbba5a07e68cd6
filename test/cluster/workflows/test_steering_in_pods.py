"""How Snakemake steers a run on a real cluster: groups, checkpoints, retries, and its own way through a failure."""

import os
import signal

import pytest


def test_a_group_is_one_pod_and_a_checkpoint_is_followed(moved):
    """Through S3 Snakemake's own executor loses the checkpoint's directory, so it runs without."""
    ours = moved(
        """
        rule all:
            input: "all.txt", expand("{s}.c.txt", s=["x", "y"])
        checkpoint split:
            output: directory("parts")
            shell: "mkdir {output}; for i in 1 2 3; do echo $i > {output}/$i.txt; done"
        rule square:
            input: "parts/{i}.txt"
            output: temp("squares/{i}.txt")
            shell: "echo $(( $(cat {input}) * $(cat {input}) )) > {output}"
        def squares(wildcards):
            parts = checkpoints.split.get().output[0]
            return expand("squares/{i}.txt", i=sorted(glob_wildcards(f"{parts}/{{i,[0-9]+}}.txt").i))
        rule all_squares:
            input: squares
            output: "all.txt"
            shell: "cat {input} > {output}"
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
        """,
        upstream=False,
    )
    ours.is_silent_about("through Snakemake")
    assert moved.contents()["all.txt"] == b"1\n4\n9\n"
    assert {step.rules for step in moved.workflow.steps("a")} == {("a", "b")}


def test_pipes_are_in_one_pod(moved):
    moved(
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
        """,
        upstream=False,
    )


def test_a_failing_step_says_why_and_others_go_on(workflow, stored):
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "a.txt", "c.txt", "tries.txt"
        rule a:
            output: "a.txt"
            log: "logs/a.log"
            shell: "echo last words; echo in the log > {log}; exit 7"
        rule b:
            output: "b.txt"
            shell: "echo b > {output}"
        rule c:
            input: "b.txt"
            output: "c.txt"
            shell: "cat {input} > {output}"
        rule tries:
            output: "tries.txt"
            retries: 2
            resources: mem_mb=lambda wildcards, attempt: attempt * 100
            shell: "test {resources.mem_mb} -ge 300; echo {resources.mem_mb} > {output}"
        """,
    )
    ours = stored("--keep-going", "--show-failed-logs").failed()
    ours.says("rule a", "exit code 7", "last words", "in the log", "Trying to restart job")
    assert stored.text("c.txt") == "b\n"
    assert stored.text("tries.txt") == "300\n"
    assert set(stored.place.contents()) == {"b.txt", "c.txt", "tries.txt", "logs/a.log"}
    assert [step.state for step in workflow.steps("tries")] == ["failed", "failed", "succeeded"]


@pytest.mark.parametrize("storage", [(), ("--shared-fs-usage", "none")])
def test_without_storage_it_says_what_is_needed(workflow, cluster, storage):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    workflow.run("kueue", *storage).failed().says("--default-storage-provider s3").is_silent_about("Traceback")
    assert not workflow.has("a.txt")
    assert cluster.jobs_of(workflow) == []
    if workflow.has(".snakemake/konverge/core.json"):
        # It would wait half a minute for somebody else's session.
        os.kill(workflow.core_pid(), signal.SIGTERM)
