"""Which files of a workflow Snakemake knows: its sources, and what its jobs read and write."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def named_sources(workflow: Any) -> Iterator[str]:
    """Paths relative to the working directory. As DAG.get_sources of Snakemake, without what git has.

    That one asks git for every file that is committed, fails if there is no git, and warns if there is no repository;
    sources.py looks at the directory itself.
    """
    for source in workflow.included:
        path = _local_path(source)
        if path is not None:
            yield os.path.relpath(path)
    for rule in workflow.rules:
        script = rule.script or rule.notebook
        if script:
            yield from _with_neighbours(_below(rule.basedir, str(script)))
    for job in workflow.dag.jobs:
        # Finding a rule's environment may need values that only a running job has.
        with contextlib.suppress(Exception):
            if job.conda_env_spec and job.conda_env_spec.is_file:
                path = _local_path(job.conda_env_spec.file)
                if path is not None:
                    yield _below(job.rule.basedir, path)
    for config in workflow.configfiles:
        yield os.path.relpath(config)


def declared_files(workflow: Any) -> set[str]:
    """What the jobs of the graph read and write, relative to the working directory; for files of the default storage
    provider the name that the workflow gives them.
    """
    prefix = workflow.storage_settings.default_storage_prefix or ""
    prefix += "/" if prefix and not prefix.endswith("/") else ""
    names = set()
    for job in workflow.dag.jobs:
        benchmark = [job.benchmark] if job.benchmark is not None else []
        for file in (*job.input, *job.output, *job.log, *benchmark):
            name = file.storage_object.query.removeprefix(prefix) if file.is_storage else str(file)
            names.add(os.path.relpath(name) if Path(name).is_absolute() else os.path.normpath(name))
    return names


def _with_neighbours(script: str) -> Iterator[str]:
    yield script
    folder = Path(script).parent
    # Beside the Snakefile everything is a neighbour, and sources.py looks there anyway. Outside, the script counts.
    if folder != Path() and folder.parts[0] != os.pardir:
        yield from (str(Path(place, name)) for place, _, files in os.walk(folder) for name in files)


def _below(basedir: Any, path: str) -> str:
    found = path if Path(path).is_absolute() else basedir.join(path).get_path_or_uri(secret_free=True)
    return os.path.relpath(str(found))


def _local_path(source: Any) -> str | None:
    """None for a source from elsewhere, such as a repository."""
    from snakemake.sourcecache import LocalSourceFile  # noqa: PLC0415

    if isinstance(source, LocalSourceFile):
        return str(source.get_path_or_uri(secret_free=True))
    return str(source) if isinstance(source, str | Path) and "://" not in str(source) else None
