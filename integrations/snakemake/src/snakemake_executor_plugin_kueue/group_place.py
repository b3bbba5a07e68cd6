"""Makes a shared directory ready for a group of jobs whose own commands run there."""

import os
from pathlib import Path
from typing import Any


async def prepare_group(job: Any) -> None:
    """What Job.prepare() of Snakemake does, for all members before the first one starts.

    Not that function itself: it waits for every input, and inside a group some are yet to be made. Members with a
    shadow directory are not run so. Raises what Snakemake raises.
    """
    from snakemake.io import wait_for_files  # noqa: PLC0415

    workflow = job.dag.workflow
    members = [member for level in job.toposorted for member in level]
    for member in members:
        await member.check_protected_output()
    for member in members:
        await member.remove_existing_output()
        if member.resources.get("tmpdir"):
            os.makedirs(member.resources.tmpdir, exist_ok=True)  # noqa: PTH103 - a loop of its own, nothing else waits
        for file in member.output:
            if "update" in file.flags and await file.exists():
                workflow.persistence.backup_output(Path(file))
            file.prepare()
        for file in member.log:
            file.prepare()
    await wait_for_files(
        job.input,
        wait_for_local=workflow.keep_storage_local_at_runtime,
        latency_wait=workflow.execution_settings.latency_wait,
    )
