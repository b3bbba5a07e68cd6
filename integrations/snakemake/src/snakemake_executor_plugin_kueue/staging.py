"""What has to be moved for a job, in the words in which the core reads it (StagingPlan, src/domain/staging.ts).

`by: agent`: the core's agent stages inputs and commits outputs. `by: step`: Snakemake in the job moves its own files;
the plan only says what must be seen in storage before success is told.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .artifacts import SHARED
from .stores import NotStagedError, RefusedError, Stores

# Flags of files that live only inside a group of jobs.
PIPES = ("pipe", "service")
INNER_FLAGS = (*PIPES, "nodelocal")


def agent_plan(job: Any, stores: Stores, sources: str | None) -> dict[str, Any] | None:
    """None in shared mode. Raises NotStagedError if the agent cannot move one of the job's files."""
    if stores.mode == SHARED:
        return None
    return {
        "by": "agent",
        "area": stores.area(),
        "inputs": [_at(file, stores) for file in _staged_inputs(job, stores)],
        "outputs": [
            # Those of earlier levels become visible first, else what was made from them would look older than they.
            {**_output(file, member, stores), **({"level": level} if job.is_group() else {})}
            for level, member, file in expected_outputs(job)
        ],
        "logs": [_at(file, stores) for file in _unique(job.log)],
        **_benchmark(job, stores),
        "inner": [_relative(file) for file in inner_files(job)],
        **({"sources": sources} if sources is not None else {}),
    }


def step_plan(job: Any, stores: Stores) -> dict[str, Any] | None:
    """The plan of a fallback job; None where there is nothing in storage to be seen by the agent."""
    try:
        return {
            "by": "step",
            "area": stores.area(),
            "inputs": [],
            "outputs": [_plain_output(file, stores) for file in _own_outputs(job)],
            "logs": [],
            "inner": [],
        }
    except NotStagedError:
        # A provider that only Snakemake speaks: then it is Snakemake's main process alone that looks.
        return None


def travelling_step_plan(job: Any, stores: Stores, sources: str | None) -> dict[str, Any]:
    """The plan of a fallback job on another machine: the sources, from which Snakemake starts there, and the outputs
    that the agent can look for. Raises RefusedError if the agent cannot even bring the sources there.
    """
    try:
        area = stores.area()
    except NotStagedError as error:
        raise RefusedError(f"{error}; the pods of a cluster need the storage provider s3") from error
    return {
        "by": "step",
        "area": area,
        "inputs": [],
        "outputs": [_plain_output(file, stores) for file in _own_outputs(job) if _can_be_seen(file, stores)],
        "logs": [],
        "inner": [],
        **({"sources": sources} if sources is not None else {}),
    }


def _own_outputs(job: Any) -> list[Any]:
    files = [file for _, _, file in expected_outputs(job)]
    return files + [member.benchmark for member in members_of(job) if member.benchmark is not None]


def _can_be_seen(file: Any, stores: Stores) -> bool:
    try:
        return bool(_at(file, stores))
    except NotStagedError:
        return False


def expected_outputs(job: Any) -> list[tuple[int, Any, Any]]:
    """Each output that Snakemake's main process looks for after success, with its job and that one's level in a group,
    producers first.
    """
    inner = {str(file) for file in inner_files(job)}
    levels = job.toposorted if job.is_group() else [[job]]
    found = {
        str(file): (number, member, file)
        for number, level in enumerate(levels)
        for member in level
        for file in member.output
        if str(file) not in inner
    }
    return list(found.values())


def inner_files(job: Any) -> list[Any]:
    """Outputs that never leave a group: pipes and the like, and temp files that nobody outside reads.

    A single job has none: its temp files are asked for by the main process, which then removes them.
    """
    if not job.is_group():
        return []
    dag = job.dag
    keep_temp = dag.workflow.storage_settings.notemp
    unneeded = set() if keep_temp else {str(file) for file in dag.get_unneeded_temp_files(job)}
    targets = {str(file) for file in dag.targetfiles}
    return [
        file
        for member in job.jobs
        for file in member.output
        if any(flag in file.flags for flag in INNER_FLAGS) or (str(file) in unneeded and str(file) not in targets)
    ]


def _staged_inputs(job: Any, stores: Stores) -> list[Any]:
    made_inside = {str(file) for member in members_of(job) for file in member.output} if job.is_group() else set()
    files = _unique(file for member in members_of(job) for file in member.input if str(file) not in made_inside)
    return [file for file in files if _is_staged(file, stores)]


def _is_staged(file: Any, stores: Stores) -> bool:
    if file.is_storage:
        # Otherwise the command has the query itself, and reads storage on its own.
        return not file.should_not_be_retrieved_from_storage
    if not os.path.isabs(str(file)):  # noqa: PTH117 - a string
        return True
    # Outside the working directory, or Snakemake's own cached source: the local engine's steps see it where it is.
    if stores.local:
        return False
    raise NotStagedError(f"its input {file} is a file of this machine only")


def _output(file: Any, job: Any, stores: Stores) -> dict[str, Any]:
    flags = file.flags
    ensure = _ensure(flags["ensure"], job) if "ensure" in flags else None
    return {
        **_at(file, stores),
        "kind": "directory" if file.is_directory else "file",
        "touch": "touch" in flags,
        "update": "update" in flags,
        **({"ensure": ensure} if ensure is not None else {}),
    }


def _plain_output(file: Any, stores: Stores) -> dict[str, Any]:
    kind = "directory" if file.is_directory else "file"
    return {**_at(file, stores), "kind": kind, "touch": False, "update": False}


def _ensure(expected: dict[str, Any], job: Any) -> dict[str, Any]:
    """As DAG.handle_ensure of Snakemake reads it; the checksum may be a function of the wildcards."""
    algorithm = expected.get("checksum_algorithm")
    value = expected.get("checksum")
    if callable(value):
        value = value(job.wildcards)
    return {
        "nonEmpty": bool(expected["non_empty"]),
        **({"checksum": {"algorithm": algorithm, "value": str(value)}} if algorithm else {}),
    }


def _benchmark(job: Any, stores: Stores) -> dict[str, Any]:
    if job.is_group() or job.benchmark is None:
        return {}
    return {
        "benchmark": {
            **_at(job.benchmark, stores),
            "format": "jsonl" if str(job.benchmark).endswith(".jsonl") else "tsv",
            **({"extended": _columns(job)} if job.dag.workflow.output_settings.benchmark_extended else {}),
        }
    }


def _columns(job: Any) -> dict[str, Any]:
    return {
        "jobid": str(job.jobid),
        "ruleName": job.rule.name,
        "wildcards": _plain(job.wildcards),
        "params": _plain(job.params),
        "threads": job.threads,
        "resources": _plain(job.resources),
    }


def _plain(named: Any) -> dict[str, Any]:
    """Numbers, booleans and lists of them as they are; anything else as Snakemake prints it."""
    return {str(name): _json(value) for name, value in named.items()}


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    return str(value)


def _at(file: Any, stores: Stores) -> dict[str, Any]:
    return {"path": _relative(file), "at": stores.location(file)}


def _relative(file: Any) -> str:
    path = str(file)
    if os.path.isabs(path):  # noqa: PTH117 - a string
        raise NotStagedError(f"{path} is an absolute path, and a step in a directory of its own needs a relative one")
    if os.pardir in Path(path).parts:
        raise NotStagedError(f"{path} has .. in it, which could lead out of the step's own directory")
    return path


def members_of(job: Any) -> list[Any]:
    return list(job.jobs) if job.is_group() else [job]


def _unique(files: Iterable[Any]) -> list[Any]:
    return list({str(file): file for file in files}.values())
