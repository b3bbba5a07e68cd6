"""The cluster of the tests, as kubectl sees it, and workflows that run on it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workflow import Workflow, wait_until

REPOSITORY = Path(__file__).parents[3]
APPS = "docker.io/konverge/apps:dev"
BUSYBOX = "docker.io/konverge/busybox:dev"
REDIS = "docker.io/konverge/redis:dev"
MPI = "docker.io/konverge/mpi:dev"
LAMMPS = "docker.io/konverge/lammps:dev"
AGENT = os.environ.get("KONVERGE_TEST_AGENT_IMAGE", "docker.io/konverge/agent:dev")
# Written with the first run: the label of everything of this directory.
RUN_ID = ".snakemake/konverge/kubernetes/run-id"


@dataclass
class Cluster:
    """One namespace with the queues of the testbed."""

    kubeconfig: str
    namespace: str
    # That of its MiniClusters, if there is one.
    flux: "Cluster | None" = None

    def kubectl(self, *arguments, text=None):
        command = ["kubectl", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def create(self, *objects):
        self.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def items(self, plurals, selector):
        return json.loads(self.kubectl("get", plurals, "--selector", selector, "--output", "json"))["items"]

    def jobs_of(self, workflow):
        return self._items_of(workflow, "jobs")

    def pods_of(self, workflow):
        return self._items_of(workflow, "pods")

    def _items_of(self, workflow, plurals):
        """None before its first run has reached the cluster."""
        if not workflow.has(RUN_ID):
            return []
        return self.items(plurals, f"konverge/run={workflow.text(RUN_ID).strip()}")

    def has_nothing_of(self, workflow):
        """A run that is over leaves no object behind; some are a moment on their way out."""
        wait_until(lambda: self._items_of(workflow, "jobs,jobsets,mpijobs,pods,secrets") == [], 40)
        if self.flux is not None:
            wait_until(lambda: self.flux._items_of(workflow, "miniclusters,jobs,pods,secrets,configmaps") == [], 60)

    def running_pods_of(self, workflow):
        """Names of those whose step's own container runs."""
        return [pod["metadata"]["name"] for pod in self.pods_of(workflow) if _is_running(pod)]


@dataclass
class ClusterWorkflow(Workflow):
    """`snakemake --executor kueue` with the engine of konverge.yaml, which is Kubernetes."""

    engine: ClassVar[tuple[str, ...]] = ("--executor", "kueue", "--jobs", "20")
    timeout_seconds: ClassVar[int] = 280


def configuration(cluster, more="", image=APPS):
    """A konverge.yaml; `more` are lines of its top level, `image` is that of steps without one."""
    return f"""\
engine: kubernetes
namespace: {cluster.namespace}
queue: main
kubernetes: {{ kubeconfig: {cluster.kubeconfig} }}
images: {{ default: {image}, agent: {AGENT}, snakemake: docker.io/konverge/snakemake:dev }}
{more}"""


def konverge(workflow, *arguments):
    """The command in a directory of a workflow, in the background."""
    env = workflow.environment()
    return subprocess.Popen(
        [env.get("KONVERGE_NODE", "node"), env["KONVERGE_CORE"], *arguments],
        cwd=workflow.path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _is_running(pod):
    states = pod["status"].get("containerStatuses", [])
    return any(state["name"] == "step" and "running" in state["state"] for state in states)


def place_from_environment():
    """What `npm run test:cluster` says of the cluster: kubeconfig, and the three values of its S3 server."""
    names = ("KUBECONFIG", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    return tuple(os.environ.get(f"KONVERGE_TEST_{name}") for name in names)
