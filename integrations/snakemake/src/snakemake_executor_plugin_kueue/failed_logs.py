"""Logs of a failed step that are in storage, for `--show-failed-logs`.

Snakemake's own printing opens a file by the name that it shows, "s3://... (send to storage)", and finds none.
"""

from pathlib import Path
from typing import Any

from .artifacts import STORAGE
from .run import Run, said
from .staging import members_of


def with_failed_logs(run: Run, job: Any, message: str) -> str:
    """The message, and below it what the logs say if they are to be shown. Never raises."""
    if run.mode != STORAGE or not run.workflow.output_settings.show_failed_logs:
        return message
    files = [file for member in members_of(job) for file in member.log if file.is_storage]
    return "\n".join([message, *(_shown(run, file) for file in files)])


def _shown(run: Run, file: Any) -> str:
    name = file.storage_object.print_query
    try:
        copy = Path(file)
        # What an earlier run left here is not this step's.
        copy.unlink(missing_ok=True)
        run.workflow.async_run(file.retrieve_from_storage())
        return f"Logfile {name}:\n{copy.read_text(errors='replace').rstrip()}"
    except Exception as error:
        # A step that has not even started has none.
        return f"Logfile {name} cannot be read: {said(error)}"
