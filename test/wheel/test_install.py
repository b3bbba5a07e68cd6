"""`pip install <wheel>` in an empty environment is the whole installation: this does just that, and runs a workflow."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NODE = os.environ.get("KONVERGE_NODE", "node")

SNAKEFILE = """
rule all:
    input: "out/both.txt"

rule one:
    output: "out/{name}.txt"
    shell: "echo {wildcards.name} > {output}"

rule both:
    input: "out/a.txt", "out/b.txt"
    output: "out/both.txt"
    shell: "cat {input} > {output}"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as `npm run build` makes it, in a folder of its own."""
    dist = tmp_path_factory.mktemp("dist")
    run([NODE, "tools/build.ts"], REPOSITORY, os.environ)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run([*pip, "--wheel-dir", dist, REPOSITORY / "integrations" / "snakemake"], REPOSITORY, os.environ)
    (made,) = dist.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """An empty environment with nothing but `pip install <wheel>`."""
    path = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", path], REPOSITORY, os.environ)
    run([path / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], path, bare())
    return path


def bare():
    """The caller's variables without what a checkout sets, so that only what was installed is found."""
    ours = ("KONVERGE_", "SNAKEMAKE_", "PYTHON", "VIRTUAL_ENV", "NODE_", "npm_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "PATH": "/usr/local/bin:/usr/bin:/bin"
    }


def without_a_cluster(home):
    """Neither the caller's kubeconfig, nor the service account of a pod that the tests run in."""
    ours = ("KUBECONFIG", "KUBERNETES_SERVICE_HOST")
    return {name: value for name, value in bare().items() if name not in ours} | {"HOME": str(home)}


def run(command, cwd, env):
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_wheel_carries_the_core_and_types(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for bundle in ("konverge.mjs", "agent.mjs"):
        assert f"snakemake_executor_plugin_kueue/core/{bundle}" in names
    assert "snakemake_executor_plugin_kueue/py.typed" in names


def test_snakemake_finds_the_plugin_and_runs_a_workflow(environment, tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    snakemake = environment / "bin" / "snakemake"
    run([snakemake, "--executor", "kueue", "--kueue-engine", "local", "--jobs", "4"], tmp_path, bare())
    assert (tmp_path / "out" / "both.txt").read_text() == "a\nb\n"


def test_the_command_line_comes_with_it(environment, tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    konverge = environment / "bin" / "konverge"
    assert "finished: 3 steps done" in run([konverge, "run"], tmp_path, bare())
    assert "3 succeeded" in run([konverge, "status"], tmp_path, bare())
    (folder,) = (environment / "lib").glob("python3*/site-packages/snakemake_executor_plugin_kueue/core")
    assert (folder / "konverge.mjs").exists()
    assert (folder / "agent.mjs").exists()


def test_without_a_cluster_the_ways_out_are_named(environment, tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    snakemake = environment / "bin" / "snakemake"
    done = subprocess.run(
        [snakemake, "--executor", "kueue", "--jobs", "1"],
        cwd=tmp_path,
        env=without_a_cluster(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    for way in ["KUBECONFIG", "--kueue-engine local", "(code cluster-unconfigured)"]:
        assert way in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()
