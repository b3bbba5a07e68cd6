"""Ctrl-C, kill -9, SIGTERM, and a pod that goes, in mid-run on a real cluster: nothing is left, lost or doubled."""

import os
import re
import signal

import pytest
from cluster import konverge
from workflow import alive, wait_until

NUMBER = 3
# Exit code of `konverge run`.
DETACHED = 75
# Each says in which pod it has run.
SNAKEFILE = f"""
rule all:
    input: expand("{{i}}.txt", i=range({NUMBER}))
rule slow:
    output: "{{i}}.txt"
    shell: "echo $HOSTNAME > {{output}}; sleep %d"
"""


@pytest.fixture
def begun(workflow, stored, cluster):
    """A run in which all steps run: `begun(seconds)` gives its process and the names of their pods."""
    processes = []

    def begin(seconds, start=stored.start):
        workflow.write_file("Snakefile", SNAKEFILE % seconds)
        processes.append(start())
        pods = wait_until(lambda: all_running(cluster, workflow), 90)
        return processes[-1], pods

    yield begin
    for process in processes:
        if alive(process.pid):
            process.kill()
        process.wait(10)


def all_running(cluster, workflow):
    pods = cluster.running_pods_of(workflow)
    return sorted(pods) if len(pods) == NUMBER else None


def pods_that_wrote(stored):
    return sorted(stored.text(f"{i}.txt").strip() for i in range(NUMBER))


def test_ctrl_c_ends_every_step(workflow, stored, cluster, begun):
    process, _ = begun(300)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(90) != 0
    cluster.has_nothing_of(workflow)
    assert stored.place.contents() == {}
    assert stored.place.open_uploads() == []


def test_a_killed_core_is_started_again_and_goes_on_with_the_same_pods(workflow, stored, begun):
    process, pods = begun(10)
    os.kill(workflow.core_pid(), signal.SIGKILL)
    assert process.wait(120) == 0, workflow.text("output.txt")
    assert pods_that_wrote(stored) == pods, workflow.text("output.txt")
    assert stored.place.open_uploads() == []


def test_the_steps_of_a_killed_snakemake_and_core_are_taken_over(workflow, stored, begun):
    process, pods = begun(10)
    core = workflow.core_pid()
    os.kill(process.pid, signal.SIGKILL)
    os.kill(core, signal.SIGKILL)
    process.wait(10)
    stored().succeeded().says("taken over from an earlier run")
    assert pods_that_wrote(stored) == pods
    assert stored.place.open_uploads() == []
    stored().succeeded().says("Nothing to be done")


def test_sigterm_leaves_the_steps_running_and_the_next_run_takes_them_up(workflow, stored, cluster, begun):
    process, pods = begun(10, lambda: konverge(workflow, "run", "--jobs", "20", *stored.place.arguments))
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == DETACHED, said
    assert len(cluster.jobs_of(workflow)) == NUMBER
    again = konverge(workflow, "run", "--jobs", "20", *stored.place.arguments)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert pods_that_wrote(stored) == pods


def test_a_step_whose_pod_is_deleted_runs_again_and_uses_no_retry(workflow, stored, cluster, begun):
    # Long enough that none has ended before the first one is deleted.
    process, pods = begun(30, lambda: stored.start("--retries", "0"))
    deleted, *others = pods
    cluster.kubectl("delete", "pod", deleted, "--wait=false")
    assert process.wait(200) == 0, workflow.text("output.txt")
    wrote = pods_that_wrote(stored)
    assert set(others) < set(wrote), workflow.text("output.txt")
    (again,) = set(wrote) - set(others)
    # Its first attempt, as Snakemake counts, and its second generation.
    assert re.search(r"-a1-g2-\w+$", again)
    assert stored.place.open_uploads() == []
    stored().succeeded().says("Nothing to be done")
