"""Stages and commits files for the simulated core, between directories only; it promises nothing of the real agent."""

import shutil
import tarfile
import tempfile
from pathlib import Path


def stage(plan, sources):
    """A new directory with the step's sources and inputs."""
    workdir = Path(tempfile.mkdtemp(prefix="step-"))
    if sources and plan.get("sources") == sources["digest"]:
        with tarfile.open(sources["path"]) as archive:
            archive.extractall(workdir, filter="data")
    updates = [output for output in plan["outputs"] if output["update"] and Path(output["at"]["key"]).exists()]
    for file in [*plan["inputs"], *updates]:
        copy(Path(file["at"]["key"]), workdir / file["path"])
    benchmark = [plan["benchmark"]] if "benchmark" in plan else []
    paths = [file["path"] for file in [*plan["outputs"], *plan["logs"], *benchmark]]
    for path in [*paths, *plan["inner"]]:
        (workdir / path).parent.mkdir(parents=True, exist_ok=True)
    return workdir


def commit(plan, workdir, succeeded):
    """Why it could not, or None. After a failure only logs are kept."""
    for log in plan["logs"]:
        (workdir / log["path"]).touch()
        copy(workdir / log["path"], Path(log["at"]["key"]))
    if not succeeded:
        return None
    for output in plan["outputs"]:
        path = workdir / output["path"]
        if output["touch"]:
            path.touch()
        if not path.exists():
            return f"output {output['path']} was not made"
        if output.get("ensure", {}).get("nonEmpty") and path.stat().st_size == 0:
            return f"output {output['path']} is empty"
    for output in plan["outputs"]:
        copy(workdir / output["path"], Path(output["at"]["key"]))
    if "benchmark" in plan:
        Path(plan["benchmark"]["at"]["key"]).parent.mkdir(parents=True, exist_ok=True)
        Path(plan["benchmark"]["at"]["key"]).write_text("s\n1\n")
    return None


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        (target / ".snakemake_timestamp").touch()
    else:
        shutil.copyfile(source, target)
