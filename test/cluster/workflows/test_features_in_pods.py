"""The workflow of all features on a real cluster: every file is what Snakemake's own executor makes in a directory."""

from dataclasses import dataclass

import feature_workflow
import pytest
from cluster import BUSYBOX, ClusterWorkflow, configuration
from object_storage import DirectoryPlace, S3Place, prepare
from workflow import Workflow, end_core

# These differ from run to run.
MEASURED = {"bench/measured.tsv", "bench/measured.jsonl"}
# Its image is nowhere; Snakemake's own executor runs it on the host.
CONTAINED = f"rules: {{ contained: {{ image: {BUSYBOX} }} }}"

pytestmark = pytest.mark.timeout(600)


@dataclass
class Run:
    workflow: ClusterWorkflow
    place: S3Place
    ours: object
    again: object
    files: dict[str, bytes]
    wanted: dict[str, bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory, cluster, s3_server):
    other = Workflow(tmp_path_factory.mktemp("features") / "local")
    wanted = make(other, DirectoryPlace(other.path, feature_workflow.SOURCES), "")
    other.run("local", *feature_workflow.ARGUMENTS, "--forcerun", "updated").succeeded()

    workflow = ClusterWorkflow(tmp_path_factory.mktemp("features") / "kueue")
    place = make(workflow, S3Place(s3_server), configuration(cluster, CONTAINED))
    arguments = (*place.arguments, *feature_workflow.ARGUMENTS)
    ours = workflow.run("kueue", *arguments, "--forcerun", "updated")
    files = place.contents()
    again = workflow.run("kueue", *arguments)
    yield Run(workflow, place, ours, again, files, wanted.contents())
    end_core(workflow)
    cluster.has_nothing_of(workflow)


def make(workflow, place, configured):
    workflow.path.mkdir()
    workflow.write_file("konverge.yaml", configured)
    prepare(workflow, place, feature_workflow.SNAKEFILE, feature_workflow.INPUTS, feature_workflow.SOURCES)
    return place


def test_every_file_is_as_with_snakemakes_own_executor(run):
    run.ours.succeeded().says("the hook has run")
    different = {
        name: (run.files.get(name), content)
        for name, content in run.wanted.items()
        if name not in MEASURED and run.files.get(name) != content
    }
    assert different == {}, run.ours.trouble
    assert set(run.files) == set(run.wanted)
    assert run.place.open_uploads() == []


def test_a_second_run_has_nothing_to_do(run):
    run.again.succeeded().says("Nothing to be done")


def test_benchmarks_hold_what_the_pod_has_used(run):
    header, first, second = run.files["bench/measured.tsv"].decode().splitlines()
    names = header.split("\t")
    assert names == run.wanted["bench/measured.tsv"].decode().splitlines()[0].split("\t")
    for row in (first, second):
        values = dict(zip(names, row.split("\t"), strict=True))
        assert float(values["s"]) > 0
        assert float(values["max_rss"]) > 50, values


def test_only_what_needs_snakemake_runs_through_it(run):
    ways = {rule: step.way() for step in run.workflow.observed[0].steps for rule in step.rules}
    assert {rule for rule, way in ways.items() if way.startswith("through Snakemake")} == {"late", "run"}
    assert "at_home" not in ways
