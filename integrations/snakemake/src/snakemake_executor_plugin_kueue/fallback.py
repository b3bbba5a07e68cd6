"""Snakemake's own job command, mended where it does not work for a step.

On another machine it begins where the workflow's sources have been unpacked, in an image with Snakemake and the plugins
for storage, and names nothing of this machine; see `surroundings`.

Upstream builds the command for a job on a cluster node. Five things go wrong with it here:
- `--unneeded-temp-files` has the job delete a temp() output that nothing needs, and the main process then
  reports it missing. The main process deletes it anyway, so the flag is left out. (A group needs it: its main
  process does not ask for temp files that only the group used.)
- `--cores all` means the whole machine; the step has its queue's share.
- A default `mem_mib` or `disk_mib` reaches the job as `mem_mb` or `disk_mb` with the same number. The job
  gets what the main process evaluated.
- `--replace-workflow-config` does not reach the job.
- `--retries 0` is passed, but a rule's own `retries: n` wins over it, so that n + 1 attempts of the main
  process become (n + 1) squared. To the job every rule is preemptible, with no retries, which wins over both.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snakemake_interface_executor_plugins.settings import SharedFSUsage
from snakemake_interface_executor_plugins.utils import format_cli_arg

from .artifacts import DRIVER, SHARED

FOLDER = ".snakemake/konverge/fallback"
# Snakemake's own default.
COPIES = Path(".snakemake/storage")
# What a volume that is mounted in both places does not bring there.
THIS_MACHINE = frozenset({SharedFSUsage.SOFTWARE_DEPLOYMENT, SharedFSUsage.SOURCE_CACHE})
# What a process of this machine shares with the main process even if files go through storage.
SAME_MACHINE = frozenset({SharedFSUsage.SOURCES, SharedFSUsage.SOFTWARE_DEPLOYMENT, SharedFSUsage.SOURCE_CACHE})


def without_unneeded_temp_files(arguments: str, job: Any, workflow: Any) -> str:
    """The job's arguments without the flag that has a single job delete its own outputs."""
    if job.is_group():
        return arguments
    files = list(workflow.dag.get_unneeded_temp_files(job))
    return arguments.replace(format_cli_arg("--unneeded-temp-files", files), "") if files else arguments


def job_cores(job: Any, cpus: int | None) -> int:
    """The cores for the Snakemake in the job: what its queue has, and no more than the job asks for.

    Jobs that are connected by a pipe or a service must run at once, so such a group is not capped.
    """
    threads = max(1, job.threads)
    if cpus is None or (job.is_group() and any(member.pipe_group for member in job.jobs)):
        return int(threads)
    return int(min(threads, cpus))


def default_resources_argument(job: Any, workflow: Any) -> str:
    """`--default-resources` as the main process has evaluated them for a single job, else as they were given."""
    defaults = workflow.resource_settings._parsed_default_resources
    arguments = defaults.args
    if not job.is_group():
        arguments = [_with_main_value(argument, job) for argument in arguments]
    return str(format_cli_arg("--default-resources", arguments, base64_encode=True))


@contextlib.contextmanager
def surroundings(workflow: Any, mode: str, *, local: bool, copies: Path) -> Iterator[None]:
    """While a job's command is made: what the Snakemake in the job is told about the file system.

    `copies` is the job's own place for local copies of files in storage, for at its end it removes those of its inputs,
    which another job may be reading.
    """
    settings = workflow.storage_settings
    changed: list[tuple[Any, str, Any]] = []
    if mode == DRIVER:
        # It works in place; only what is in storage it fetches itself.
        changed.append((settings, "shared_fs_usage", SharedFSUsage.all() - {SharedFSUsage.STORAGE_LOCAL_COPIES}))
    elif mode != SHARED and local:
        changed.append((settings, "shared_fs_usage", SAME_MACHINE))
    elif mode == SHARED and not local:
        changed.append((settings, "shared_fs_usage", settings.shared_fs_usage - THIS_MACHINE))
    if mode != SHARED:
        changed.append((settings, "remote_job_local_storage_prefix", copies if local else _copies_elsewhere(settings)))
    if mode != SHARED and not local:
        changed += [
            # Where it begins; `workdir:` of the Snakefile led to it already.
            (workflow, "overwrite_workdir", os.curdir),
            (workflow.deployment_settings, "conda_prefix", None),
            (workflow.deployment_settings, "apptainer_prefix", None),
            (workflow.execution_settings, "shadow_prefix", None),
        ]
    before = [(place, name, getattr(place, name)) for place, name, _ in changed]
    try:
        for place, name, value in changed:
            setattr(place, name, value)
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


def _copies_elsewhere(settings: Any) -> Path:
    """What is said of jobs holds; what is said of this process only does not."""
    stated = Path(settings.remote_job_local_storage_prefix)
    return COPIES if stated == Path(settings.local_storage_prefix) else stated


def copies_of(ref: str) -> Path:
    """Where a job's Snakemake has its local copies: a place of this job and this run."""
    return Path(FOLDER) / f"{os.getpid()}-{ref}"


def remove_copies(workdir: Path, ref: str) -> None:
    shutil.rmtree(workdir / copies_of(ref), ignore_errors=True)
    with contextlib.suppress(OSError):
        (workdir / FOLDER).rmdir()


def general_arguments(workflow: Any) -> str:
    """What upstream leaves out for every job."""
    replace = format_cli_arg("--replace-workflow-config", bool(workflow.config_settings.replace_workflow_config))
    return f"--preemptible-rules --preemptible-retries 0 {replace}"


def work_digest(job: Any, workflow: Any) -> str:
    """What the job would do, as a hash: its command is no measure, for it names the attempt and temporary files.

    With it the core can tell a job that is asked for again from one whose script, code, parameters or
    configuration have changed since.
    """
    digest = hashlib.sha256(repr(workflow.config).encode())
    for member in job.jobs if job.is_group() else [job]:
        for part in _work_of(member):
            digest.update(b"\0" + part.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _work_of(job: Any) -> Iterator[str]:
    rule = job.rule
    yield rule.name
    yield repr(list(job.params.items()))
    yield str(rule.shellcmd or getattr(rule, "run_func_src", None) or "")
    for source in filter(None, (rule.script, rule.notebook, rule.wrapper, rule.cwl)):
        yield str(source)
        try:
            path = Path(str(rule.basedir.join(str(source)).get_path_or_uri(secret_free=False)))
            yield str(os.stat(path).st_mtime_ns)  # noqa: PTH116 - one call, no object
        except (OSError, TypeError, AttributeError, ValueError):
            # A remote source, or one with wildcards in its name: its name must do.
            continue


def _with_main_value(argument: str, job: Any) -> str:
    name = argument.split("=", 1)[0]
    value = job.resources.get(name) if name in ("mem_mb", "disk_mb") else None
    return f"{name}={value}" if isinstance(value, int) else argument
