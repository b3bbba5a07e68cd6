"""Fixtures of the workflow tests: a directory of its own for each test, compared with Snakemake's own executor."""

import pytest
from object_storage import make_moved, s3_server  # noqa: F401
from workflow import Workflow, end_core

CONFIGURATION = """
engine: local
local:
  queues:
    default: { cpu: 2, memory: 4Gi }
"""


def pytest_collection_modifyitems(items):
    """Snakemake's own tests run it in this process, and leave threads behind that a fork of it would wait for."""
    items.sort(key=lambda item: item.path.name == "test_public_base.py")


@pytest.fixture
def workflow(tmp_path):
    """A directory with a configuration of two cpus. Afterwards no core of it may be left."""
    made = Workflow(tmp_path / "kueue")
    made.path.mkdir()
    made.write_file("konverge.yaml", CONFIGURATION)
    yield made
    end_core(made)


@pytest.fixture
def both(tmp_path, workflow):
    """Runs one workflow with our executor and with Snakemake's own, each in its own directory."""
    other = Workflow(tmp_path / "local")
    other.path.mkdir()

    def compare(snakefile, *arguments, files=None, ignored=(), again=True, code=0, env=None):
        """Exit code, every file and the second run must be the same. Returns our run."""
        runs = {}
        for executor, place in (("local", other), ("kueue", workflow)):
            place.env = env or {}
            place.write_file("Snakefile", snakefile)
            for name, text in (files or {}).items():
                place.write_file(name, text)
            runs[executor] = place.run(executor, *arguments)
        ours, theirs = runs["kueue"], runs["local"]
        assert theirs.code == code, f"Snakemake's own executor:\n{theirs.text}"
        assert ours.code == code, ours.trouble
        assert workflow.tree(*ignored) == other.tree(*ignored), ours.trouble
        if again and code == 0:
            other.run("local", *arguments).succeeded().says("Nothing to be done")
            workflow.run("kueue", *arguments).succeeded().says("Nothing to be done")
        return ours

    return compare


@pytest.fixture(params=["s3", "driver"])
def moved(request, tmp_path, workflow):
    """Runs one workflow with its files moved, by Snakemake's own executor and by ours: through S3, and by the core."""
    return make_moved(request.param, workflow, lambda: _reference(tmp_path), request)


@pytest.fixture
def moved_by(request, tmp_path, workflow):
    """`moved` of one kind: s3, driver or fs."""
    return lambda kind: make_moved(kind, workflow, lambda: _reference(tmp_path), request)


def _reference(tmp_path):
    other = Workflow(tmp_path / "local")
    other.path.mkdir()
    return other
