"""Snakemake's own tests for executor plugins: in a shared directory, with S3, and with files that the core moves."""

import os
from pathlib import Path

import pytest
import snakemake.common.tests
from snakemake_executor_plugin_kueue import ExecutorSettings

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def core(monkeypatch):
    """The core of this checkout and the project's Node, unless the environment names others."""
    node = next(REPOSITORY.glob("node_modules/node-linux-*/bin/node"), None)
    monkeypatch.setenv("KONVERGE_CORE", os.environ.get("KONVERGE_CORE", str(REPOSITORY / "src" / "konverge.ts")))
    if node is not None:
        monkeypatch.setenv("KONVERGE_NODE", os.environ.get("KONVERGE_NODE", str(node)))
    source = str(REPOSITORY / "integrations" / "snakemake" / "src")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH")))))


class TestWorkflowsLocalEngine(snakemake.common.tests.TestWorkflowsLocalStorageBase):
    __test__ = True

    def get_executor(self):
        return "kueue"

    def get_executor_settings(self):
        return ExecutorSettings(engine="local")


class TestWorkflowsThroughS3(snakemake.common.tests.TestWorkflowsMinioPlayStorageBase):
    __test__ = True

    @pytest.fixture(autouse=True)
    def server(self, s3_server):
        self._server = s3_server

    def get_executor(self):
        return "kueue"

    def get_executor_settings(self):
        return ExecutorSettings(engine="local")

    @property
    def endpoint_url(self):
        return self._server.endpoint

    @property
    def access_key(self):
        return self._server.access_key

    @property
    def secret_key(self):
        return self._server.secret_key


class TestWorkflowsThroughTheCore(TestWorkflowsLocalEngine):
    def get_assume_shared_fs(self):
        return False
