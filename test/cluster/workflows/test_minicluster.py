"""Steps in a Flux instance, as MiniClusters, with their files in a bucket.

On the testbed the operator and Flux are simulated; `npm run test:flux` runs the same against the real ones.
"""

import os

import pytest
from cluster import LAMMPS, configuration
from test_examples_in_pods import run_example
from test_mpijob import RANKS, TABLE, lammps_here
from test_mpijob import SNAKEFILE as MPI_SNAKEFILE

FLUX = os.environ.get("KONVERGE_TEST_FLUX_IMAGE", "docker.io/konverge/flux:dev")
VIEW = os.environ.get("KONVERGE_TEST_FLUX_VIEW", "docker.io/konverge/flux-view:dev")

RESOURCES = 'mpi="mpirun", tasks=4, nodes=2, runtime=2'
SNAKEFILE = MPI_SNAKEFILE.replace(RESOURCES, f'{RESOURCES}, kueue_operator="flux-operator"')


def prepare(workflow, cluster, image=FLUX, view="none", more=""):
    text = configuration(cluster, more, image)
    workflow.write_file("konverge.yaml", text.replace("kubernetes: {", f"kubernetes: {{ flux_view: '{view}',"))


def steps_of(workflow, rule):
    return [step for step in workflow.steps(rule) if step.rules == (rule,)]


@pytest.mark.usefixtures("flux_namespace")
class TestMiniCluster:
    def test_inputs_on_every_pod_and_outputs_of_other_ranks(self, workflow, stored, cluster):
        prepare(workflow, cluster)
        workflow.write_file("Snakefile", SNAKEFILE)
        stored.place.put("ranks.py", RANKS)
        stored().succeeded().is_silent_about("through Snakemake")
        assert stored.text("copy.txt") == "alone hello\n0 hello\n1 hello\n2 hello\n3 hello\n"
        assert stored.text("of-rank-0.txt") == "hello\n"
        assert stored.text("ranks.log") == ""
        assert stored.place.open_uploads() == []
        (simulate,) = steps_of(workflow, "simulate")
        assert (simulate.kind, simulate.kind_reason) == ("minicluster", "kueue_operator is flux-operator")

    def test_a_step_that_fails_leaves_no_output(self, workflow, stored, cluster):
        prepare(workflow, cluster)
        snakefile = SNAKEFILE.replace("python3 {input.script}", "false || exit 5 # {input.script}")
        workflow.write_file("Snakefile", snakefile)
        stored.place.put("ranks.py", RANKS)
        stored().failed().says("exit code 5")
        assert "of-rank-0.txt" not in stored.place.contents()
        assert stored.place.open_uploads() == []

    def test_an_input_that_is_gone_is_named(self, workflow, stored, cluster):
        """Every pod brings it, so every pod finds out."""
        prepare(workflow, cluster)
        snakefile = SNAKEFILE.replace("{resources.mpi} -n", "sleep 0; {resources.mpi} -n")
        workflow.write_file("Snakefile", snakefile)
        stored.place.put("ranks.py", "raise SystemExit(4)")
        stored().failed().says("simulate", "exit code 4")

    def test_lammps_with_a_view_of_flux(self, workflow, stored, cluster, tmp_path):
        """The image has no Flux: the same one that runs under an MPIJob; the numbers are those of this machine."""
        if VIEW == "none":
            pytest.skip("not possible here: no view of Flux (KONVERGE_TEST_FLUX_VIEW)")
        prepare(workflow, cluster, LAMMPS, VIEW, "rules: { simulate: { operator: minicluster } }")
        sizes = ("--config", "nx=1", "ny=1", "nz=1", "nodes=2")
        run_example("lammps", workflow, stored, *sizes)
        assert [step.kind for step in steps_of(workflow, "simulate")] == ["minicluster"]
        assert workflow.text(TABLE) == lammps_here(tmp_path, *sizes)
