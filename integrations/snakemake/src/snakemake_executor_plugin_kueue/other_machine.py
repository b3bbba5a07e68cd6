"""What a job of another machine may not be told: places of this one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .artifacts import SHARED

# Where a pod has its directory for temporary files (src/domain/pod-layout.ts).
POD_TMPDIR = "/konverge/tmp"
# A step in a mounted volume: Snakemake makes the directory here too, before it hands the job over.
SHARED_TMPDIR = "/tmp"  # noqa: S108 - every machine has it
# The Secret of a step, which holds its commands, has room for 1 MiB, also for what is said of its files.
COMMANDS_BYTES = 600 * 1024


def tmpdir_of(mode: str) -> str:
    """What `resources.tmpdir` is there, if nobody has said anything else."""
    return SHARED_TMPDIR if mode == SHARED else POD_TMPDIR


def place_named(texts: list[str], job: Any) -> str | None:
    """The first place of this machine that is named there, as {workflow.basedir} does. None if there is none."""
    for place in sorted(set(_places(job)), key=len, reverse=True):
        pattern = re.compile(rf"(?<![\w./-]){re.escape(place)}(?![\w-]|\.\w)")
        if any(pattern.search(text) for text in texts):
            return place
    return None


def values_of(job: Any) -> list[str]:
    """What a script is told of its job, but for `config`."""
    files = (*job.input._plainstrings(), *job.output._plainstrings(), *job.log._plainstrings())
    return [*map(str, files), *map(repr, job.params), *map(str, job.wildcards)]


def sources_outside(workflow: Any) -> list[str]:
    """Files without which Snakemake cannot begin and that steps do not see: they are not below its directory."""
    files = [workflow.main_snakefile, *workflow.overwrite_configfiles]
    return [str(file) for file in files if os.path.relpath(file).split(os.sep, 1)[0] == os.pardir]


def _places(job: Any) -> Iterator[str]:
    workflow = job.rule.workflow
    workdir = Path.cwd()
    cache = workflow.sourcecache
    known = (workdir, workdir.resolve(), workflow.workdir_init, cache.cache_path, cache.runtime_cache_path)
    for place in (*known, *_folders_of_sources(job)):
        path = str(place or "").rstrip("/")
        # In a directory such as / or /data a word of the command may well mean the image's own.
        if path.startswith("/") and path.count("/") > 1:
            yield path


def _folders_of_sources(job: Any) -> Iterator[str]:
    yield os.path.dirname(os.path.abspath(job.rule.workflow.main_snakefile))  # noqa: PTH100, PTH120 - no link is followed
    basedir = getattr(job.rule.basedir, "path", None)
    if isinstance(basedir, str):
        yield basedir
