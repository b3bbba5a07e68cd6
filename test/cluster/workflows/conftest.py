"""Fixtures of the workflow tests on a real cluster: as in test/workflows, with the files in its S3 server."""

import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "workflows"))

from cluster import REPOSITORY, Cluster, ClusterWorkflow, configuration, place_from_environment
from object_storage import S3Place, Server, make_moved
from workflow import Workflow, end_core

NO_CLUSTER = "not possible here: no cluster (npm run test:cluster runs these)"


@pytest.fixture(scope="session")
def cluster():
    """A namespace for all tests, which admits only pods that keep to the Pod Security standard `restricted`."""
    kubeconfig, *_ = place_from_environment()
    if kubeconfig is None:
        pytest.skip(NO_CLUSTER)
    made = Cluster(kubeconfig, f"test-workflows-{uuid.uuid4().hex[:8]}")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.namespace, "labels": labels}})
    made.kubectl("apply", "-f", str(REPOSITORY / "test" / "testbed" / "manifests" / "local-queues.yaml"))
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture(scope="session")
def flux_namespace(cluster):
    """The namespace of MiniClusters, with the same queues: their pods run as the users of their images."""
    made = Cluster(cluster.kubeconfig, f"{cluster.namespace}-flux")
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.namespace, "labels": labels}})
    made.kubectl("apply", "-f", str(REPOSITORY / "test" / "testbed" / "manifests" / "local-queues.yaml"))
    cluster.flux = made
    yield made
    cluster.flux = None
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture(scope="session")
def s3_server(cluster):
    """Of the cluster; pods and this machine reach it by one address."""
    return Server(*place_from_environment()[1:])


@pytest.fixture
def workflow(tmp_path, cluster):
    """A directory whose konverge.yaml names the cluster. Afterwards no core of it may be left, and no Job."""
    made = ClusterWorkflow(tmp_path / "kueue")
    made.path.mkdir()
    made.write_file("konverge.yaml", configuration(cluster))
    yield made
    end_core(made)
    cluster.has_nothing_of(made)


@pytest.fixture
def moved(request, tmp_path, workflow):
    """Runs one workflow through S3, by Snakemake's own executor and by ours on the cluster."""
    return make_moved("s3", workflow, lambda: reference(tmp_path), request)


@pytest.fixture
def stored(workflow, s3_server):
    """Runs the workflow with its files in a bucket of its own: `stored(*arguments)`, `stored.place`."""
    return Stored(workflow, S3Place(s3_server))


class Stored:
    def __init__(self, workflow, place):
        self.workflow = workflow
        self.place = place
        workflow.env = {**workflow.env, **place.env}

    def __call__(self, *arguments):
        return self.workflow.run("kueue", *self.place.arguments, *arguments)

    def start(self, *arguments):
        return self.workflow.start(*self.place.arguments, *arguments)

    def text(self, name):
        return self.place.contents()[name].decode()


def reference(tmp_path):
    made = Workflow(tmp_path / "local")
    made.path.mkdir()
    return made
