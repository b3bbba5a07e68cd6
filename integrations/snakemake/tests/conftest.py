"""The shim with a simulated core (simulated_core.py). With the real one it is tested in test/workflows."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src"
# Snakemake looks for plugins when it is imported.
sys.path.insert(0, str(SOURCE))

WORKFLOWS = HERE.parents[2] / "test" / "workflows"


def module_of_workflows(name):
    """A module of the tests of whole workflows."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, WORKFLOWS / f"{name}.py")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


object_storage = module_of_workflows("object_storage")
s3_server = object_storage.s3_server

SIMULATED = {"KONVERGE_NODE": sys.executable, "KONVERGE_CORE": str(HERE / "simulated_core.py")}


@dataclass
class Shim:
    """`snakemake --executor kueue` in a directory, served by the simulated core."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def run(self, *arguments, faults=None, engine=("--kueue-engine", "local")):
        command = [sys.executable, "-m", "snakemake", "--executor", "kueue", *engine, "--jobs", "4"]
        env = {**os.environ, **SIMULATED, "PYTHONPATH": str(SOURCE), "KONVERGE_SIMULATE": json.dumps(faults or {})}
        return subprocess.run(
            [*command, "--latency-wait", "2", *arguments],
            cwd=self.path,
            env={**env, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def noted(self, kind):
        """What the simulated core was sent: its sessions, steps or heartbeats, in order."""
        lines = (self.path / ".snakemake" / "konverge" / "simulated.ndjson").read_text().splitlines()
        return [entry if kind == "session" else entry[kind] for entry in map(json.loads, lines) if kind in entry]


@pytest.fixture
def shim(tmp_path):
    return Shim(tmp_path)
