"""Keeps an update() output whose job failed in Snakemake's own process."""

import contextlib
from pathlib import Path
from typing import Any


def keep_restored_outputs(job: Any, persistence: Any) -> None:
    """Have the main process find a backup of each update() output that the job has already rolled back.

    Both the Snakemake in the job and the main process roll a failed job's update() outputs back. The first
    one uses the backup up; the second finds none, takes the file for corrupted and deletes it. A backup that
    is still there means that the job's Snakemake was killed before it rolled back: then it is the only good
    copy and stays.
    """
    jobs = job.jobs if job.is_group() else [job]
    for file in (file for member in jobs for file in member.output if "update" in file.flags):
        path = Path(file)
        with contextlib.suppress(OSError, AttributeError):
            if path.exists() and not persistence._get_backup_path(path).exists():
                persistence.backup_output(path)
