"""MPI steps on several nodes, as MPIJobs, with their files in a bucket."""

import shutil
import signal

from cluster import APPS, LAMMPS, MPI, configuration, konverge
from test_examples_in_pods import EXAMPLES, run_example
from workflow import Workflow, end_core, wait_until

RANKS = """
import sys
from pathlib import Path

from mpi4py import MPI

read, of_rank_3, of_rank_0, many = map(Path, sys.argv[1:])
world = MPI.COMM_WORLD
rank = world.Get_rank()
words = read.read_text()
many.mkdir(exist_ok=True)
(many / f"rank-{rank}.txt").write_text(f"{rank} {words}")
if world.Get_size() == 4 and rank == 3:
    of_rank_3.write_text(f"alone {words}")
if rank == 0:
    of_rank_0.write_text(words)
"""

SNAKEFILE = """
rule all:
    input: "copy.txt"

rule begin:
    output: "in.txt"
    shell: "echo hello > {output}"

rule simulate:
    input: "in.txt", script="ranks.py"
    output: "deep/of-rank-3.txt", "of-rank-0.txt", directory("many")
    log: "ranks.log"
    resources: mpi="mpirun", tasks=4, nodes=2, runtime=2
    shell: "{resources.mpi} -n {resources.tasks} python3 {input.script} {input[0]} {output} 2> {log}"

rule copy:
    input: "deep/of-rank-3.txt", "many"
    output: "copy.txt"
    shell: "cat {input[0]} {input[1]}/*.txt > {output}"
"""


# What LAMMPS has computed, as text.
TABLE = "results/thermo.tsv"


def lammps_here(tmp_path, *arguments):
    """The table that the example makes on this machine, by the local engine."""
    here = Workflow(tmp_path / "here")
    shutil.copytree(EXAMPLES / "lammps", here.path, ignore=shutil.ignore_patterns("results"))
    here.run("kueue", *arguments).succeeded()
    end_core(here)
    return here.text(TABLE)


def prepare(workflow, cluster, image=MPI):
    workflow.write_file("konverge.yaml", configuration(cluster).replace(f"default: {APPS}", f"default: {image}"))


def test_inputs_on_every_pod_and_outputs_of_other_ranks(workflow, stored, cluster):
    prepare(workflow, cluster)
    workflow.write_file("Snakefile", SNAKEFILE)
    stored.place.put("ranks.py", RANKS)
    stored().succeeded().is_silent_about("through Snakemake")
    assert stored.text("copy.txt") == "alone hello\n0 hello\n1 hello\n2 hello\n3 hello\n"
    assert stored.text("of-rank-0.txt") == "hello\n"
    assert stored.text("ranks.log") == ""
    assert stored.place.open_uploads() == []
    (simulate,) = [step for step in workflow.observed[0].steps if step.rules == ("simulate",)]
    assert simulate.spec["resources"]["mpi"]["nodes"] == 2


def test_what_explain_says_of_it(workflow, stored, cluster):
    prepare(workflow, cluster)
    snakefile = SNAKEFILE.replace(
        "python3 {input.script} {input[0]} {output} 2> {log}", "sleep 100 # {input} {output} {log}"
    )
    workflow.write_file("Snakefile", snakefile)
    stored.place.put("ranks.py", RANKS)
    run = stored.start()
    wait_until(lambda: len(cluster.running_pods_of(workflow)) == 2, 60)
    explained, _ = konverge(workflow, "explain", "simulate").communicate(timeout=60)
    assert "kind    mpijob, because mpi with 4 tasks on 2 nodes" in explained
    assert "kind: MPIJob" in explained
    assert "limit   the image has sshd and ssh, by which mpirun starts ranks in other pods, and a shell" in explained
    run.send_signal(signal.SIGINT)
    run.wait(60)


def test_more_nodes_than_its_queue_can_hold(workflow, stored, cluster):
    prepare(workflow, cluster)
    workflow.write_file("Snakefile", SNAKEFILE.replace("tasks=4, nodes=2", "tasks_per_node=1, nodes=64"))
    stored.place.put("ranks.py", RANKS)
    stored().failed().says("rule simulate", "cpu")


def test_a_file_that_two_pods_have_is_that_of_rank_0(workflow, stored, cluster):
    prepare(workflow, cluster)
    workflow.write_file(
        "Snakefile",
        """
        rule clash:
            output: "out.txt"
            resources: mpi="mpirun", tasks=2, nodes=2
            shell: "{resources.mpi} -n 2 sh -c 'echo of rank $OMPI_COMM_WORLD_RANK > {output}'"
        """,
    )
    stored().succeeded()
    assert stored.text("out.txt") == "of rank 0\n"


def test_lammps_on_two_pods(workflow, stored, cluster, tmp_path):
    """MPICH from PyPI, not the MPI that the operator is told of; the numbers are those of this machine."""
    prepare(workflow, cluster, LAMMPS)
    sizes = ("--config", "nx=1", "ny=1", "nz=1", "nodes=2")
    run_example("lammps", workflow, stored, *sizes)
    assert workflow.text(TABLE) == lammps_here(tmp_path, *sizes)
