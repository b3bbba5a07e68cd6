"""Every example, run by `konverge run` on the local engine as a user would, and checked by its own check."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
TIMEOUT_SECONDS = 240

# What each example wants beside Snakemake and a shell, and the arguments that keep it short.
PROGRAMS = {
    "hello-world": [],
    "hello-flux": [],
    "mixed": ["mpirun", "redis-server", "redis-cli", "awk"],
    "containers": ["awk", "python3"],
    "tour": ["python3"],
    "services": ["redis-server", "redis-cli", "awk"],
    "lammps": ["lmp", "mpirun"],
    "variants": ["bwa", "samtools", "bcftools"],
}
ARGUMENTS = {"lammps": ["--config", "nx=1", "ny=1", "nz=1"]}


def test_every_example_is_run_here():
    assert sorted(PROGRAMS) == sorted(path.parent.name for path in EXAMPLES.glob("*/Snakefile"))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_example(name, tmp_path):
    for program in PROGRAMS[name]:
        if shutil.which(program) is None:
            pytest.skip(f"missing tool: {program}")
    workdir = tmp_path / name
    shutil.copytree(EXAMPLES / name, workdir, ignore=shutil.ignore_patterns(".snakemake", "results"))

    first = konverge(workdir, "run", "--jobs", "2", *ARGUMENTS.get(name, []))
    assert first.returncode == 0, first.stdout
    check = subprocess.run([workdir / "check.sh"], cwd=workdir, capture_output=True, text=True, timeout=60, check=False)
    assert check.returncode == 0, check.stdout + check.stderr

    again = konverge(workdir, "run", "--jobs", "2", *ARGUMENTS.get(name, []))
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout

    status = konverge(workdir, "status", "--all")
    assert status.returncode == 0, status.stdout
    assert " succeeded" in status.stdout.splitlines()[-1]


def konverge(workdir, *arguments):
    command = [os.environ["KONVERGE_NODE"], REPOSITORY / "src" / "konverge.ts", *arguments]
    return subprocess.run(
        command,
        cwd=workdir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
