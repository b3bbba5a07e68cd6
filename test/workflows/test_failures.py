"""What goes wrong, and what is said and left behind then."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from workflow import alive, processes_with, wait_until

ONE = 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n'


def slow(marker, seconds=60, number=3):
    return f"""
rule all:
    input: expand("out/{{i}}.txt", i=range({number}))
rule a:
    output: "out/{{i}}.txt"
    shell:
        "touch started.{{wildcards.i}}; sleep {seconds}.{marker};"
        " echo {{wildcards.i}} > {{output}}; echo {{wildcards.i}} >> ran.txt"
"""


def marker_of(tmp_path):
    """Digits that no other process's command line has."""
    return f"{os.getpid()}{abs(hash(str(tmp_path))) % 10**6:06}"


def test_a_failing_step_shows_exit_code_log_and_last_words(workflow):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo its last words >&2; exit 7"\n')
    run = workflow.run().failed().says("exit code 7", "its last words", "rule a")
    path = Path(re.search(r"standard error \((/\S+)\)", run.text).group(1))
    assert path.read_text() == "its last words\n"


def test_show_failed_logs_prints_the_step_log(workflow):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo spoken; exit 1"\n')
    workflow.run("kueue", "--show-failed-logs").failed().says("spoken")


def test_a_missing_core_is_named(workflow):
    workflow.write_file("Snakefile", ONE)
    workflow.env = {"KONVERGE_CORE": "/nowhere/konverge.mjs"}
    workflow.run().failed().says("KONVERGE_CORE", "/nowhere/konverge.mjs", "core-not-startable").is_silent_about(
        "Traceback"
    )


def test_a_missing_node_is_named(workflow):
    workflow.write_file("Snakefile", ONE)
    workflow.env = {"KONVERGE_NODE": "/nowhere/node"}
    workflow.run().failed().says("KONVERGE_NODE", "/nowhere/node").is_silent_about("Traceback")


def test_unknown_values_are_refused_before_anything_runs(workflow):
    workflow.write_file("Snakefile", ONE)
    for flag, value, remedy in (
        ("--kueue-engine", "slumr", "kubernetes, local"),
        ("--kueue-artifacts", "here", "storage, driver"),
        ("--kueue-queue-name", " ", "leave the flag out"),
    ):
        workflow.run("kueue", flag, value).failed().says(flag, value, remedy).is_silent_about("Traceback")
    assert not workflow.has("a.txt")


def test_a_queue_that_does_not_exist_is_named(workflow):
    workflow.write_file("Snakefile", ONE.replace("    shell", '    resources: kueue_queue="nosuch"\n    shell'))
    workflow.run().failed().says("nosuch", "rule a")


def test_a_step_that_can_never_run_fails_alone(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt"
            resources: mem_mb=900_000
            shell: "echo a > {output}"
        rule b:
            output: "b.txt"
            shell: "echo b > {output}"
        """,
    )
    workflow.run("kueue", "--keep-going").failed().says("rule a")
    assert workflow.text("b.txt") == "b\n"


def test_tasks_and_nodes_that_contradict_each_other_are_refused(workflow):
    rule = 'rule {0}:\n    output: "{0}.txt"\n    resources: mpi="env", {1}\n    shell: "echo {0} > {{output}}"\n'
    rules = {"uneven": "tasks=5, nodes=2", "torn": "tasks=4, tasks_per_node=4, nodes=2", "even": "tasks=2, nodes=2"}
    wanted = "rule all:\n    input: " + ", ".join(f'"{name}.txt"' for name in rules) + "\n"
    workflow.write_file("Snakefile", wanted + "".join(rule.format(*each) for each in rules.items()))
    workflow.run("kueue", "--keep-going").failed().says(
        "rule uneven: tasks=5 cannot be spread evenly over nodes=2",
        "rule torn: tasks=4 is not tasks_per_node=4 on each of nodes=2",
    )
    assert workflow.text("even.txt") == "even\n"
    assert not workflow.has("uneven.txt") and not workflow.has("torn.txt")


def test_a_second_run_in_one_directory_is_refused(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file("Snakefile", slow(marker, 5, 1))
    first = workflow.start()
    try:
        wait_until(lambda: workflow.has("started.0"))
        workflow.run().failed().says("lock")
        assert first.wait(60) == 0, workflow.text("output.txt")
    finally:
        stop(first)


def test_interrupt_stops_every_process(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file("Snakefile", slow(marker, number=2))
    process = workflow.start()
    try:
        wait_until(lambda: workflow.has("started.0"))
        assert processes_with(f"sleep 60.{marker}")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(40) != 0
        assert not processes_with(f"sleep 60.{marker}"), workflow.text("output.txt")
    finally:
        stop(process)
    assert not workflow.has("out/0.txt")


def test_a_second_interrupt_does_not_hang(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file("Snakefile", slow(marker, number=2).replace("touch started", "trap '' TERM INT; touch started"))
    process = workflow.start()
    try:
        wait_until(lambda: workflow.has("started.0"))
        for _ in range(3):
            os.kill(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        assert process.wait(60) != 0
        wait_until(lambda: not processes_with(f"sleep 60.{marker}"), 40)
    finally:
        stop(process)


def test_a_killed_core_is_started_again_and_no_step_is_lost_or_doubled(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file("Snakefile", slow(marker, 3, 4))
    process = workflow.start()
    try:
        wait_until(lambda: workflow.has("started.1"))
        core = workflow.core_pid()
        os.kill(core, signal.SIGKILL)
        assert process.wait(90) == 0, workflow.text("output.txt")
    finally:
        stop(process)
    assert sorted(workflow.text("ran.txt").split()) == ["0", "1", "2", "3"], workflow.text("output.txt")


def test_a_killed_snakemake_s_steps_are_taken_over(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file("Snakefile", slow(marker, 6, 2))
    process = workflow.start()
    try:
        wait_until(lambda: workflow.has("started.0") and workflow.has("started.1"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        workflow.run("kueue", "--unlock")
        workflow.run("kueue", "--rerun-incomplete").succeeded().says("taken over from an earlier run")
    finally:
        stop(process)
    assert sorted(workflow.text("ran.txt").split()) == ["0", "1"]
    workflow.run().succeeded().says("Nothing to be done")


def test_an_adopted_shadow_step_ends_in_the_directory_it_began_in(workflow, tmp_path):
    marker = marker_of(tmp_path)
    workflow.write_file(
        "Snakefile",
        f"""
        rule a:
            output: "out/a.txt"
            shadow: "minimal"
            benchmark: "a.tsv"
            shell: "touch {workflow.path}/started; echo begun > half.txt; sleep 5.{marker}; cat half.txt > {{output}}"
        """,
    )
    process = workflow.start()
    try:
        wait_until(lambda: workflow.has("started"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        workflow.run("kueue", "--unlock")
        workflow.run("kueue", "--rerun-incomplete").succeeded().says("taken over")
    finally:
        stop(process)
    assert workflow.text("out/a.txt") == "begun\n"
    assert len(workflow.text("a.tsv").splitlines()) == 2


def stop(process):
    if alive(process.pid):
        process.kill()
    process.wait(10)
