"""A dry run: what the jobs that are ready before anything has run would become."""

import json
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from .core_link import CoreLink
from .errors import CoreError, CoreUnreachableError
from .intake import Intake
from .run import Run, said
from .session import PlanningSession
from .step_request import step_ref


def write_first_wave(run: Run, link: CoreLink, intake: Intake) -> None:
    """Write the core's answer to `--kueue-dry-run`; no file where nothing is ready. Raises WorkflowError."""
    dag = run.workflow.dag
    jobs = [job for job in dag.ready_jobs if not job.is_local]
    if not jobs:
        return
    run.versions.learn(file for job in jobs for file in job.input)
    requests, refused = [], []
    for job in sorted(jobs, key=str):
        try:
            requests.append(intake.accept(job, SubmittedJobInfo(job)).request)
        except Exception as error:
            words = {"code": "request-invalid", "message": f"{job.name}: {said(error)}", "hint": ""}
            refused.append({"ref": step_ref(job), "outcome": "refused", "error": words})
    session = link.session
    assert isinstance(session, PlanningSession)
    try:
        results: list[dict[str, Any]] = session.plan(requests)
    except (CoreError, CoreUnreachableError) as error:
        raise WorkflowError(f"kueue: {error}") from error
    assert run.settings.dry_run is not None
    Path(run.settings.dry_run).write_text(json.dumps({"results": results + refused}))
