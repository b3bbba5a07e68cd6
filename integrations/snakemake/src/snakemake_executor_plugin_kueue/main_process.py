"""What Snakemake's main process is told, or kept from, about steps whose files were staged."""

import shutil
from typing import Any

from snakemake_interface_executor_plugins.settings import SharedFSUsage

from .staging import members_of


def see_outputs_anew(job: Any) -> None:
    """Drop what storage plugins remember of a job's outputs from before they existed.

    The S3 plugin asks once whether a key is a directory and keeps the answer, in each object that stands for the key:
    that of the job, and those of the jobs that read it.

    And have the main process see what a checkpoint has made: input functions look into its local copy, as with
    glob_wildcards(), and find nothing there if there is none. With Snakemake's own executor the job has left it there.
    """
    for member in members_of(job):
        for file in member.output:
            _forget_kind(file)
        # A copy, since Snakemake's own thread may be changing its graph.
        for reader, files in list(job.dag.depending.get(member, {}).items()):
            for file in reader.input:
                if file in files:
                    _forget_kind(file)
        if member.is_checkpoint:
            for file in member.output:
                _bring_here(file, member)


def protect_outputs(job: Any) -> None:
    """protected(), which the main process leaves to a job that shares no file system with it."""
    for member in members_of(job):
        job.dag.handle_protected(member)


def leave_outputs(job: Any) -> None:
    """Have the main process do nothing to the files of a failed job: nothing of it has become visible.

    What is there is from before, whole, and with a record that fits it. The main process would delete it as corrupted,
    and write a new record first, so that an update() output would be lost.
    """
    job.postprocess = _nothing


def treat_as_shared(job: Any) -> None:
    """Have the main process do what it does in a shared directory, for a job that works in this one after all."""
    if any(file.is_storage for member in members_of(job) for file in member.output):
        # The job has brought them to storage itself, from local copies of its own.
        return
    settings = job.dag.workflow.storage_settings

    async def postprocess(*arguments: Any, **named: Any) -> None:
        before, settings.shared_fs_usage = settings.shared_fs_usage, SharedFSUsage.all()
        try:
            await type(job).postprocess(job, *arguments, **named)
        finally:
            settings.shared_fs_usage = before

    job.postprocess = postprocess


def treat_as_usual(job: Any) -> None:
    """Undo `leave_outputs` and `treat_as_shared`, for another try of the job."""
    vars(job).pop("postprocess", None)


async def _nothing(*_: Any, **__: Any) -> None:
    return None


def _forget_kind(file: Any) -> None:
    if file.is_storage and hasattr(file.storage_object, "_is_dir"):
        file.storage_object._is_dir = None


def _bring_here(file: Any, job: Any) -> None:
    if file.is_storage:
        copy = file.storage_object.local_path()
        # What an earlier run made may have had other files.
        if copy.is_dir():
            shutil.rmtree(copy)
        else:
            copy.unlink(missing_ok=True)
        job.dag.workflow.async_run(file.retrieve_from_storage())


def keep_copies_of_running_jobs(workflow: Any) -> None:
    """Have local copies that a running job is making outlast the end of a checkpoint.

    When a checkpoint ends, Snakemake removes those of all jobs that have not ended: they would be from before. Until
    9.25 that takes the output of a local rule that is about to end, and what another checkpoint has just brought here
    for input functions (fixed by snakemake#4284, which came with `is_running`).
    """
    dag = workflow.dag
    if hasattr(dag, "is_running"):
        return

    async def sanitize_local_storage_copies() -> None:
        running = {job for entry in dag._running for job in members_of(entry)}
        for job in dag.needrun_jobs():
            for file in () if job in running else job.output:
                if file.is_storage and await file.exists_local():
                    await file.remove(remove_non_empty_dir=True, only_local=True)

    dag.sanitize_local_storage_copies = sanitize_local_storage_copies


def make_free_for_next_try(workflow: Any, job: Any) -> None:
    """A job that is tried again does not run meanwhile, which Snakemake forgets to note.

    If a checkpoint ends before the next try begins, the jobs that are ready are collected anew, without those that
    run; the retry is then lost, and the run ends with "Out of jobs ready to be started" (snakemake#823). Snakemake's
    scheduler is locked when this is called.
    """
    if job.restart_times > job.attempt - 1:
        workflow.dag._running.discard(job)
