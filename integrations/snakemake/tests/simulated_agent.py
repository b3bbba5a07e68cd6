"""Stages and commits files for the simulated core, in directories and S3; it promises nothing of the real agent."""

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import boto3


def stage(plan, storage):
    """A new directory with the step's sources and inputs."""
    stores, sources = storage["stores"], storage["sources"]
    workdir = Path(tempfile.mkdtemp(prefix="step-"))
    if sources and plan.get("sources") == sources["digest"]:
        with tarfile.open(sources["path"]) as archive:
            # Python got filters in 3.11.4 and backports of that; the archive is our own.
            filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(workdir, **filters)
    for file in [*plan["inputs"], *(output for output in plan["outputs"] if output["update"])]:
        fetch(file["at"], workdir / file["path"], stores)
    benchmark = [plan["benchmark"]] if "benchmark" in plan else []
    paths = [file["path"] for file in [*plan["outputs"], *plan["logs"], *benchmark]]
    for path in [*paths, *plan["inner"]]:
        (workdir / path).parent.mkdir(parents=True, exist_ok=True)
    return workdir


def image(*, snakemake):
    """The environment of a container: nothing of this one but programs, with or without those of this Python."""
    tmp = Path(tempfile.mkdtemp(prefix="pod-"))
    (tmp / "bin").mkdir()
    if not snakemake:
        # That of which a virtual environment was made, which has none of its packages.
        (tmp / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    programs = Path(sys.executable).parent if snakemake else tmp / "bin"
    return {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp), "TMPDIR": str(tmp)}


def commit(plan, workdir, succeeded, stores):
    """Why it could not, or None. After a failure only logs are kept."""
    for log in plan["logs"]:
        (workdir / log["path"]).touch()
        keep(workdir / log["path"], log["at"], stores)
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
        keep(workdir / output["path"], output["at"], stores)
    if "benchmark" in plan:
        (workdir / plan["benchmark"]["path"]).write_text("s\n1\n")
        keep(workdir / plan["benchmark"]["path"], plan["benchmark"]["at"], stores)
    return None


def fetch(at, target, stores):
    """What is not there is left out: the command will say so."""
    if at["bucket"] == "":
        if Path(at["key"]).exists():
            copy(Path(at["key"]), target)
        return
    s3 = client(stores[at["store"]])
    listed = s3.list_objects_v2(Bucket=at["bucket"], Prefix=at["key"]).get("Contents", [])
    for key in (entry["Key"] for entry in listed):
        if key == at["key"] or key.startswith(f"{at['key']}/"):
            path = Path(f"{target}{key.removeprefix(at['key'])}")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(at["bucket"], key, str(path))


def keep(source, at, stores):
    if at["bucket"] == "":
        copy(source, Path(at["key"]))
        return
    s3 = client(stores[at["store"]])
    if source.is_dir():
        (source / ".snakemake_timestamp").touch()
    for path in source.rglob("*") if source.is_dir() else [source]:
        if path.is_file():
            s3.upload_file(str(path), at["bucket"], f"{at['key']}{str(path).removeprefix(str(source))}")


def client(store):
    keys = store["credentials"]
    return boto3.client(
        "s3",
        endpoint_url=store["endpointUrl"],
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        region_name="us-east-1",
    )


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        (target / ".snakemake_timestamp").touch()
    else:
        shutil.copyfile(source, target)
